/* A new thread enters the network namespace of the container and opens the sockets. The caller's threads stay in theirs. */
#include <pthread.h>
#include <sched.h>
#include "base/cleanup.h"
#include "base/resolver_sockets.h"
#include "base/syscalls.h"
#include "include/liker.h"

enum { UDP, TCP, PROCESS, COUNT };

struct place {
  int fds[COUNT]; /* the pidfd is there; the sockets are to come */
  int error;
};

static void *open_there (void *argument) {
  struct place *place = argument;
  if (sys_setns (place->fds[PROCESS], CLONE_NEWNET) < 0 || resolver_sockets_open (place->fds) < 0)
    place->error = errno;
  return NULL;
}

static void close_all (struct place *place) {
  for (int i = 0; i < COUNT; i++)
    close_fd (&place->fds[i]);
}

int liker_open_resolver (const char *path, const char *container, int pid, uint64_t start_time) {
  struct place place __attribute__ ((cleanup (close_all))) = { .fds = { -1, -1, liker_pidfd_open (pid, start_time) } };
  if (place.fds[PROCESS] < 0)
    return place.fds[PROCESS];
  pthread_t thread;
  int error = pthread_create (&thread, NULL, open_there, &place);
  if (error)
    return -error;
  pthread_join (thread, NULL);
  if (place.error)
    return -place.error;
  return resolver_hand_over (path, container, place.fds, COUNT) < 0 ? -errno : 0;
}
