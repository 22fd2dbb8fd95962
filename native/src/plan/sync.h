/*
 * The socket between the shim and a child that carries out a plan. SOCK_SEQPACKET keeps every message whole.
 * End of file means that nobody has the child's side open: the child called exec or died.
 *
 * A process of the container may trace a child in its pid namespace and make it send anything. Only the sender's
 * pid, which the kernel adds, can be trusted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sync_kind {
  SYNC_PID = 1,  /* from the helper only: the host's pid of the child that it cloned */
  SYNC_MASTER,   /* with the terminal's master attached; the child waits for one byte */
  SYNC_EXEC,     /* all steps are done, exec is next */
  SYNC_FAILURE,  /* a step failed, and the child exits */
  SYNC_STATUS,   /* from the init, on a socket of its own: the wait status of its child */
  SYNC_NETWORK,  /* the child waits for one byte: its network namespace is connected */
  SYNC_DAEMON,   /* the child waits for one message: likerd has connected its network namespace, and says this about it */
};

#define NO_STEP 0xffffffffu

/* Why a step failed. */
struct failure {
  uint32_t step; /* index in the plan; NO_STEP: before the first */
  int32_t error; /* errno */
  char name[32]; /* of the step */
  char call[32];
  char object[256];
};

struct sync_message {
  uint32_t kind;
  int32_t pid; /* or status */
  struct failure failure;
};

/* An honest child sends up to six messages, an init one. */
#define MESSAGES_MAX 16

/* The size on the wire of a message without a failure. */
#define SYNC_SHORT 8u

int sync_pair (int *ours, int *theirs);
int sync_send (int sync, enum sync_kind kind, pid_t pid);
int sync_send_failure (int sync, const struct failure *failure);

/* Sends the fd and waits until the shim has received it. */
int sync_send_master (int sync, int master);

/* Waits until the shim has connected the network namespace. */
int sync_await_network (int sync);

/* The largest answer of likerd to a child, and room for it. */
#define ANSWER_MAX 16384

/* Waits until likerd has connected the network namespace. How many bytes it says about it; -1. */
ssize_t sync_await_daemon (int sync, uint8_t answer[ANSWER_MAX]);

/* What the kernel adds to a message. */
struct sync_envelope {
  pid_t sender; /* as seen on the host */
  int fd;       /* attached to the message; -1 without one */
};

/* 1: a message. 0: end of file. -1: EAGAIN, or another error. Does not block. */
int sync_receive (int sync, struct sync_message *message, struct sync_envelope *envelope);
int sync_acknowledge (int sync);

/* Passes likerd's answer on. */
int sync_answer (int sync, const void *answer, size_t size);
