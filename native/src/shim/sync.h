/*
 * The socket between the shim and a child that carries out a plan: SOCK_SEQPACKET, so every message is whole.
 * Its end (no message) means that nobody holds the child's side any more: exec has happened, or death.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum sync_kind {
  SYNC_PID = 1,  /* by the helper: the host's pid of the child that it cloned */
  SYNC_MASTER,   /* the terminal's master comes along; the child waits for one byte */
  SYNC_EXEC,     /* all steps are done, exec comes next */
  SYNC_FAILURE,  /* this step has failed: the child ends */
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
  int32_t pid;
  struct failure failure;
};

/* The size on the wire of a message without a failure. */
#define SYNC_SHORT 8u

int sync_pair (int *ours, int *theirs);
int sync_send (int sync, enum sync_kind kind, pid_t pid);
int sync_send_failure (int sync, const struct failure *failure);

/* Sends the fd and waits until the shim has it. */
int sync_send_master (int sync, int master);

/* 1: a message, and perhaps an fd (else -1). 0: the end. -1: EAGAIN, or an error. Does not wait. */
int sync_receive (int sync, struct sync_message *message, int *fd);
int sync_acknowledge (int sync);
