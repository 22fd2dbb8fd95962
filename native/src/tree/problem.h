/* Why the work cannot be done. */
#pragma once

struct problem {
  int error; /* errno, or 0 if no system call has failed */
  char path[512];
  char message[1024];
};

/* Both record the problem and return -1. `path` is the entry's, or "". */
int tree_problem (struct problem *problem, const char *path, const char *format, ...) __attribute__ ((format (printf, 3, 4)));

/* For a failed system call, of which errno is kept. `tried` are words such as "read", which go before the path, if there is one. */
int tree_problem_errno (struct problem *problem, const char *path, const char *tried);
