#include "problem.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void put (struct problem *problem, enum problem_code code, int error, const char *path, const char *format,
                 va_list arguments) {
  pthread_mutex_lock (&problem->lock);
  if (!problem->code) {
    problem->code = code;
    problem->error = error;
    snprintf (problem->path, sizeof problem->path, "%s", path);
    vsnprintf (problem->message, sizeof problem->message, format, arguments);
  }
  pthread_mutex_unlock (&problem->lock);
}

void problem_hold (struct problem *problem) { pthread_mutex_lock (&problem->lock); }

void unless_problem (struct problem *problem, void (*call) (void *), void *data) {
  pthread_mutex_lock (&problem->lock);
  if (!problem->code)
    call (data);
  pthread_mutex_unlock (&problem->lock);
}

int problem_put (struct problem *problem, enum problem_code code, const char *path, const char *format, ...) {
  va_list arguments;
  va_start (arguments, format);
  put (problem, code, 0, path, format, arguments);
  va_end (arguments);
  return -1;
}

/* Errors of a system call that the entry is to blame for, not the machine. */
static enum problem_code code_of (int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return NO_SPACE;
    case EFBIG: return TOO_BIG;
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case EEXIST: return BAD_ARCHIVE;
    default: return WRITE_FAILED;
  }
}

static int __attribute__ ((format (printf, 4, 5))) put_errno (struct problem *problem, int error, const char *path, const char *format,
                                                              ...) {
  va_list arguments;
  va_start (arguments, format);
  put (problem, code_of (error), error, path, format, arguments);
  va_end (arguments);
  return -1;
}

int problem_errno (struct problem *problem, const char *path, const char *tried) {
  int error = errno;
  return *path ? put_errno (problem, error, path, "Cannot %s '%s': %s", tried, path, strerror (error))
               : put_errno (problem, error, path, "Cannot %s: %s", tried, strerror (error));
}
