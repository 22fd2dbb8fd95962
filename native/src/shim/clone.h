/* Clones a process for a plan. */
#pragma once
#include <sys/types.h>
#include "plan/launch.h"
#include "plan/sync.h"

/* The shim's side of a cloned process. All fds are O_CLOEXEC; -1 where there is none. */
struct born {
  pid_t pid;    /* 0: the helper sends it over the sync socket */
  int pidfd;
  pid_t helper; /* 0 without one */
  int sync;
  int status;   /* the init writes the wait status of its child to the other end */
  int in;       /* the write end of stdin */
  int out, err; /* the read ends */
};

/* Does not wait for the child. On failure -1, with `failure` filled in. */
int launch_clone (const struct launch *launch, int main_pidfd, struct born *born, struct failure *failure);
