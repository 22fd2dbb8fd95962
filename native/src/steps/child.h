/*
 * The child between clone and exec: what its steps share. A step returns 0, or -1 with `failure` filled in.
 * Nothing here is ever freed or closed: exec does that, or the end of the process.
 */
#pragma once
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include "shim/launch.h"
#include "sizes.h"

struct child {
  const struct launch *launch;
  struct cursor steps; /* what is still to be done */
  uint32_t index;      /* of the next step */
  int sync;
  int main_pidfd; /* of the container's first process, for an exec */
  int cgroup;     /* a cgroup.procs to enter first, where CLONE_INTO_CGROUP was refused */
  int status;     /* for the init, */
  int init;       /* and its binary */
  int idle;       /* for its stdin, where the program's is a pipe */
  int in, out, err;
  int root;       /* O_PATH: what targets are resolved in */
  int slave;      /* of the terminal */
  int masked;     /* the empty tmpfs that masks directories, once it is mounted */
  int null;       /* the container's /dev/null, checked */
  int sysctls;    /* /proc/sys of a procfs that no path leads to */
  bool enters_last; /* it is a helper still, outside of the container's pid namespace */
  int files;      /* the tmpfs that holds the files of a container's /etc */
  uint32_t file_count;
  int taken[MAX_SHARED_MOUNTS]; /* trees that wait to be attached */
  uint32_t taken_count;
  uint32_t uid, gid; /* FOUND_ID until they are looked up */
  bool pivoted;
  bool umask_set;
  char home[PATH_MAX + sizeof "HOME="]; /* for the environment */
  struct failure failure;
};

/* Notes that `call` has failed with errno on `object`; returns -1. */
int fail (struct child *child, const char *call, const char *object);

/* The same with an error of its own. */
int fail_with (struct child *child, int error, const char *call, const char *object);

/* True, with a failure, if the fields were not exactly those of the step. */
bool unreadable (struct child *child, const struct cursor *fields);

/* The root that targets are resolved in: `/` until a step makes another. -1 with a failure. */
int child_root (struct child *child);

/* The host's file: writes all of text to it. */
int write_file (struct child *child, const char *path, const char *text);

/* Carries out the steps that lead the plan and must come before a setns into the container. */
int run_leading_steps (struct child *child);

/* The program leads a session of its own, with its terminal if it has one. */
int begin_session (struct child *child);

/* The remaining steps are done by a clone in the container's pid namespace, and the helper ends: for it this does not return. */
void enter_last (struct child *child);

/* Carries out the rest; returns only when a step has failed. */
void run_steps (struct child *child);

#define STEP(name) int name (struct child *child, struct cursor *fields)
STEP (step_join_namespace);
STEP (step_join_path);
STEP (step_join_cgroup);
STEP (step_unshare);
STEP (step_oom_score);
STEP (step_propagation);
STEP (step_root_overlay);
STEP (step_root_bind);
STEP (step_mount);
STEP (step_bind);
STEP (step_bind_of);
STEP (step_cgroups);
STEP (step_proc_of);
STEP (step_take);
STEP (step_attach);
STEP (step_file_store);
STEP (step_file);
STEP (step_directory);
STEP (step_symlink);
STEP (step_device);
STEP (step_terminal);
STEP (step_hostname);
STEP (step_domainname);
STEP (step_loopback);
STEP (step_sysctl);
STEP (step_pivot);
STEP (step_mask);
STEP (step_read_only);
STEP (step_root_read_only);
STEP (step_init);
STEP (step_stdio);
STEP (step_rlimit);
STEP (step_umask);
STEP (step_cwd);
STEP (step_groups);
STEP (step_no_new_privileges);
STEP (step_seccomp);
STEP (step_bounding);
STEP (step_user);
STEP (step_capabilities);
STEP (step_exec);
STEP (step_look_up_user);
#undef STEP
