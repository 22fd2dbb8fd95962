/*
 * The fields of a step that connects a network namespace, under a kernel that may refuse every call and answer requests of netlink(7) with
 * any bytes. Input: u8 n, n bytes of answers of the kernel, the fields.
 */
#include "network/connect.h"
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include "kernel.h"

static size_t acknowledge (void *buffer, size_t size) {
  const struct {
    struct nlmsghdr header;
    struct nlmsgerr result;
  } answer = { { .nlmsg_len = sizeof answer, .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 1 }, { .error = 0 } };
  size_t count = size < sizeof answer ? size : sizeof answer;
  memcpy (buffer, &answer, count);
  return count;
}

/* An acknowledgement, also the one byte of the resolver; or bytes, of which there may be more than fit (MSG_TRUNC). */
ssize_t fuzz_recv (int fd, void *buffer, size_t size, int flags);
ssize_t fuzz_recv (int fd, void *buffer, size_t size, int flags) {
  (void)fd;
  if (draw_failure ())
    return -1;
  size_t count = draw ();
  if (count == 0) {
    memset (buffer, 0, size);
    return size == 1 ? 1 : (ssize_t)acknowledge (buffer, size);
  }
  for (size_t i = 0; i < count && i < size; i++)
    ((uint8_t *)buffer)[i] = draw ();
  size_t told = flags & MSG_TRUNC && count == 255 ? size + 1 : count;
  return (ssize_t)(flags & MSG_TRUNC || told < size ? told : size);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1 || size < (size_t)data[0] + 1)
    return 0;
  size_t count = size - 1 - data[0];
  void *fields = malloc (count ? count : 1);
  memcpy (fields, data + 1 + data[0], count);
  struct failure failure = { 0 };
  kernel_begin (data + 1, data[0]);
  int namespace = kernel_fd (), process = kernel_fd ();
  int result = connect_namespace (namespace, process, fields, count, &failure);
  require (result == 0 || (result == -1 && failure.error > 0), "a failure has a reason");
  require (strlen (failure.object) < sizeof failure.object && strlen (failure.call) < sizeof failure.call, "texts end");
  require (kernel_fds_open () == 2, "only the caller's fds stay open");
  free (fields);
  return 0;
}
