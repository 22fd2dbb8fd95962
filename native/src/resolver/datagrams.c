#include "datagrams.h"
#include <sys/epoll.h>
#include <sys/socket.h>
#include "ask.h"
#include "base/syscalls.h"

/* Then others get their turn. */
#define MOST_AT_ONCE 16

/* It is lost if there is no room: the asker asks again. */
static void send_answer (const struct asker *asker, const unsigned char *message, size_t size) {
  RETRY (sendto (asker->container->udp.fd, message, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&asker->from, sizeof asker->from));
}

static void datagrams_ready (struct watch *watch, uint32_t events) {
  (void)events;
  static unsigned char message[MOST_ASKED + 1];
  struct asker asker = { .container = ITEM (watch, struct container, udp), .answer = send_answer };
  for (unsigned i = 0; i < MOST_AT_ONCE; i++) {
    socklen_t length = sizeof asker.from;
    ssize_t size = RETRY (recvfrom (watch->fd, message, sizeof message, MSG_DONTWAIT, (struct sockaddr *)&asker.from, &length));
    if (size < 0)
      return;
    if (size <= MOST_ASKED && asker.from.sin_family == AF_INET)
      ask (&asker, message, (size_t)size);
  }
}

int datagrams_begin (struct container *container, int fd) {
  return watch_open (&container->udp, fd, container->is_shown ? EPOLLIN : 0, datagrams_ready);
}
