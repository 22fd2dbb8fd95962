#include "network/connect.h"
#include <pthread.h>
#include <string.h>
#include "include/liker.h"

struct task {
  int namespace;
  const void *fields;
  size_t size;
  struct failure failure;
  int result;
};

static void *run (void *argument) {
  struct task *task = argument;
  task->result = connect_namespace (task->namespace, -1, task->fields, task->size, &task->failure);
  return NULL;
}

/* In a thread that ends with the call: another one must never be left in the container's namespace. */
int liker_connect (int namespace, const void *fields, size_t size, struct liker_refusal *refusal) {
  struct task task = { .namespace = namespace, .fields = fields, .size = size };
  pthread_t thread;
  memset (refusal, 0, sizeof *refusal);
  int error = pthread_create (&thread, NULL, run, &task);
  if (error)
    return -error;
  pthread_join (thread, NULL);
  if (task.result == 0)
    return 0;
  memcpy (refusal->call, task.failure.call, sizeof refusal->call);
  memcpy (refusal->object, task.failure.object, sizeof refusal->object);
  return -task.failure.error;
}
