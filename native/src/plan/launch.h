/* A launch plan, checked, with the values that the shim needs before it clones. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include "reader.h"

/* PLAN_SHIM. The texts point into the plan. */
struct shim_settings {
  const char *run_folder;
  const char *log_folder;
  const char *oom_file;
  uint64_t log_segment_bytes;
  uint32_t log_segments;
  uint32_t ring_bytes;
  char **network; /* a program and its arguments, perhaps none; NULL at the end */
};

/* What stands before the program's arguments in those of its init: the init's name and "--". */
#define INIT_ARGUMENTS 2

/* A user namespace or a tree of mounts. */
struct held {
  int fd;     /* -1: the step found nothing */
  bool stays; /* only the helper needs it */
};

/* PLAN_LAUNCH, and the fields of steps that must be known before clone. */
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
  struct cursor connect; /* the fields of STEP_connect; empty without it */
  bool has_init;
  bool needs_helper; /* it has a step that joins a namespace, or makes a user namespace */
  bool holds;        /* it has STEP_hold in the place of STEP_exec */
  bool enters_user;  /* the process is in another user namespace than the shim */
  struct held *held; /* room for what its steps hold */
  uint32_t held_size;
  int *cgroups;      /* room for a file for each STEP_join_cgroup */
  uint32_t cgroup_count;
  uint32_t uid, gid; /* of the last STEP_user, perhaps FOUND_ID; 0 without one */
  char **init_argv;  /* INIT_ARGUMENTS empty places, then argv */
  char **argv;       /* of STEP_exec; NULL at the end */
  char **envp;       /* likewise, with room for one more */
};

/* Reads the whole plan. `settings` is NULL for an exec. False if the plan is truncated, malformed or unknown, or on ENOMEM. */
bool launch_read (struct launch *launch, struct shim_settings *settings, const void *plan, size_t size);
void launch_free (struct launch *launch);
void settings_free (struct shim_settings *settings);
