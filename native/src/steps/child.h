/*
 * The child between clone and exec: the state that its steps share. A step returns 0, or -1 with `failure` filled in.
 * Nothing in it is freed or closed: exec does that, or the end of the process.
 */
#pragma once
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include "plan/launch.h"
#include "plan/sync.h"

struct child {
  const struct launch *launch;
  struct cursor steps; /* the steps still to do */
  uint32_t index;      /* of the next step */
  int sync;
  int main_pidfd;      /* for an exec: the container's first process */
  int cgroup;          /* a cgroup.procs to enter first, where the kernel refused CLONE_INTO_CGROUP */
  int status;          /* the init's end of its status socket */
  int init;            /* the init's binary */
  int idle;            /* the init's stdin, where the program's is a pipe */
  int in, out, err;
  int root;            /* O_PATH: targets are resolved inside it */
  int slave;           /* of the terminal */
  int masked;          /* the empty tmpfs over masked directories, once it is mounted */
  int null;            /* the container's /dev/null, checked */
  int sysctls;         /* /proc/sys of a procfs that no path leads to */
  bool enters_last;    /* still a helper outside the container's pid namespace */
  bool outside;        /* a helper that clones the process into its cgroups, and enters none itself */
  int proc;            /* O_PATH: the host's /proc */
  int files;           /* the tmpfs with the files of the container's /etc */
  uint32_t file_count;
  uint32_t held_count; /* in launch->held, by number */
  uint32_t cgroup_count; /* files in launch->cgroups, to enter before anything else */
  int gate;            /* to the process inside a user namespace of its own, while that waits */
  uint32_t uid, gid;   /* FOUND_ID until they are looked up */
  bool pivoted;
  bool umask_set;
  char home[PATH_MAX + sizeof "HOME="]; /* for the environment */
  struct failure failure;
};

/* No fd is open yet: each is -1, since 0 is an fd. */
void clear_fds (struct child *child);

/* Records that `call` failed on `object`, with errno. Returns -1. */
int fail (struct child *child, const char *call, const char *object);

/* Likewise, with this error. */
int fail_with (struct child *child, int error, const char *call, const char *object);

/* True, with a failure, if the fields that were read are not exactly those of the step. */
bool unreadable (struct child *child, const struct cursor *fields);

/* Holds the fd, or nothing (-1), under the next number. 0, or -1 with a failure. */
int hold (struct child *child, int fd);

/*
 * The process inside does not get what is held under this number. It is closed by the end of the helper, since a mount with no other
 * place takes long to close. -1, with a failure, if nothing is.
 */
int keep_outside (struct child *child, uint32_t number);

/* What is held under this number; -1, with a failure, if nothing is. */
int held (struct child *child, uint32_t number);

/* Whether the step of this number found nothing to hold, which it may if it is optional. */
bool holds_nothing (const struct child *child, uint32_t number);

/* The root in which targets are resolved: `/`, until a step makes another one. -1 with a failure. */
int child_root (struct child *child);

/* Sends the failure to the shim and exits. */
void give_up (struct child *child) __attribute__ ((noreturn));
