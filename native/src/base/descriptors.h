/* Bytes that come and go with file descriptors (SCM_RIGHTS of unix(7)). */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#define MOST_PASSED 3

struct passed {
  unsigned count;
  int fd[MOST_PASSED];
};

/* Closes them. */
void passed_close (struct passed *passed);

/* As recv(2). The fds that come are added to `passed`, or closed if there are more. */
ssize_t receive_passed (int socket, void *bytes, size_t size, struct passed *passed);

/* All of the bytes, which are few, with the fds. 0, or -1 and errno. */
int send_passed (int socket, const void *bytes, size_t size, const struct passed *passed);
