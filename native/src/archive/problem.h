/* Why a layer cannot be unpacked, or an archive be written: the first reason, whichever part has found it. */
#pragma once
#include <pthread.h>

enum problem_code {
  NO_PROBLEM,
  BAD_ARCHIVE,
  NO_SPACE,
  TOO_BIG,
  UNSUPPORTED,
  NOT_MAPPED, /* an id, in the user namespace */
  WRITE_FAILED,
  ABANDONED /* whoever had started the program is gone: nobody reads a report */
};

struct problem {
  pthread_mutex_t lock; /* two threads may find one */
  enum problem_code code;
  int error; /* errno, or 0 */
  char path[512];
  char message[1024];
};

/* These record the problem unless there is one, and return -1. `path` is the entry's, or "". */
int problem_put (struct problem *problem, enum problem_code code, const char *path, const char *format, ...)
  __attribute__ ((format (printf, 4, 5)));

/* For a failed system call: errno says which code it is. `tried` are words such as "write", which go before the path, if there is one. */
int problem_errno (struct problem *problem, const char *path, const char *tried);

/* Keeps the other thread from finding or reporting anything until the process ends. */
void problem_hold (struct problem *problem);

/* Calls it unless there is a problem, and lets none be found meanwhile. */
void unless_problem (struct problem *problem, void (*call) (void *), void *data);
