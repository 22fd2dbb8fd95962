/*
 * The socket between the shim and a child that carries out a plan: SOCK_SEQPACKET, so every message is whole.
 * Its end (no message) means that nobody holds the child's side any more: exec has happened, or death.
 *
 * A child that is in the pid namespace of a running container may be traced there: what it sends may be anything, but
 * that the kernel says who has sent it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum sync_kind {
  SYNC_PID = 1,  /* by the helper alone: the host's pid of the child that it cloned */
  SYNC_MASTER,   /* the terminal's master comes along; the child waits for one byte */
  SYNC_EXEC,     /* all steps are done, exec comes next */
  SYNC_FAILURE,  /* this step has failed: the child ends */
  SYNC_STATUS,   /* by the init, on a socket of its own: how its child has ended */
};

#define NO_STEP 0xffffffffu

/* A failed step, in the kernel's words. */
struct failure {
  uint32_t step; /* index in the plan; NO_STEP: before the first */
  int32_t error;
  char name[32];
  char call[32];
  char object[256];
};

struct sync_message {
  uint32_t kind;
  int32_t pid; /* or status */
  struct failure failure;
};

/* A child has five at most to send, an init one. */
#define MESSAGES_MAX 16

/* The size on the wire of a message without a failure. */
#define SYNC_SHORT 8u

int sync_pair (int *ours, int *theirs);
int sync_send (int sync, enum sync_kind kind, pid_t pid);
int sync_send_failure (int sync, const struct failure *failure);

/* Sends the fd and waits until the shim has it. */
int sync_send_master (int sync, int master);

/* What the kernel says about a message. */
struct sync_envelope {
  pid_t sender; /* of the host */
  int fd;       /* that came along; -1 */
};

/* 1: a message. 0: the end. -1: EAGAIN, or an error. Does not wait. */
int sync_receive (int sync, struct sync_message *message, struct sync_envelope *envelope);
int sync_acknowledge (int sync);
