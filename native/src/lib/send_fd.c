#include "base/passing.h"
#include <errno.h>
#include "include/liker.h"

int liker_send_fd (int socket, void *data, size_t size, int fd) {
  return send_with_fd (socket, data, size, fd) < 0 ? -errno : 0;
}
