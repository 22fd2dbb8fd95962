/* A launch plan, read and ready to be carried out; and how a process is cloned for it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include "reader.h"
#include "sync.h"

/* PLAN_SHIM. The texts point into the plan. */
struct shim_settings {
  const char *container;
  const char *run_folder;
  const char *log_folder;
  const char *oom_file;
  uint64_t log_segment_bytes;
  uint32_t log_segments;
  uint32_t ring_bytes;
};

/* PLAN_LAUNCH, and what the steps hold that must be known before clone. */
struct launch {
  uint64_t clone_flags;
  const char *cgroup2;
  bool tty;
  bool open_stdin;
  struct winsize size;
  uint32_t join_main;
  pid_t join_pid;
  uint64_t join_start_time;
  uint64_t window;
  struct cursor steps;
  bool has_init;
  char **init_argv; /* of the init: its name, then the program's */
  bool joins; /* a STEP_JOIN_NAMESPACE */
  uint32_t uid, gid; /* of the last STEP_USER, perhaps FOUND_ID; 0 without one */
  char **argv;       /* of STEP_EXEC, NULL at the end */
  char **envp;       /* with room for one more */
};

/* Reads the whole plan; `settings` may be NULL (an exec). False for a plan that is truncated or unknown. */
bool launch_read (struct launch *launch, struct shim_settings *settings, const void *plan, size_t size);
void launch_free (struct launch *launch);

/* What the shim keeps of a process that it has cloned. All fds O_CLOEXEC, -1 where there is none. */
struct born {
  pid_t pid;    /* 0: the helper tells it over the sync socket */
  int pidfd;
  pid_t helper; /* 0 without one */
  int sync;
  int status;   /* the init writes the wait status of its child to the other end */
  int in;       /* the write end of stdin */
  int out, err; /* the read ends */
};

/* Clones. Nothing waits for the child. On failure -1 and `failure`. */
int launch_clone (const struct launch *launch, int main_pidfd, struct born *born, struct failure *failure);
