/* The process gives up everything but the folder that it reads, or writes to. */
#pragma once
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include "problem.h"

#define CAPABILITY(name) (1ull << CAP_##name)

/* What is left. */
struct rights {
  uint64_t capabilities;
  bool may_write; /* below the folder */
  rlim_t most_files;
};

/* The folder becomes the root. */
int enter_sandbox (int folder, const struct rights *rights, struct problem *problem);

/* The same for a folder of the user's own, who need not be root: the root stays as it is. */
int enter_open_sandbox (int folder, const struct rights *rights, struct problem *problem);

/* With all threads: only the system calls that archives need. It comes after their start, which needs others. */
int seal_sandbox (struct problem *problem);
