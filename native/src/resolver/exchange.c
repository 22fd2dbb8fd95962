#include "exchange.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/syscalls.h"
#include "message.h"

#define LENGTH_BYTES 2

void exchange_close (struct exchange *exchange) {
  watch_close (&exchange->watch);
  free (exchange->bytes);
  *exchange = NO_EXCHANGE;
}

/* 1: everything is there; 0: more is to come; -1: the server has closed or failed. */
static int advance (struct exchange *exchange, ssize_t moved) {
  if (moved < 0)
    return errno == EAGAIN ? 0 : -1;
  exchange->done += (size_t)moved;
  return exchange->done == exchange->size ? 1 : moved > 0 ? 0 : -1;
}

static int send_some (struct exchange *exchange) {
  int sent = advance (exchange, RETRY (send (exchange->watch.fd, exchange->bytes + exchange->done, exchange->size - exchange->done, MSG_NOSIGNAL)));
  if (sent <= 0)
    return sent;
  exchange->is_sent = true;
  exchange->done = 0;
  exchange->size = LENGTH_BYTES;
  watch_change (&exchange->watch, EPOLLIN);
  return 0;
}

static int receive_some (struct exchange *exchange) {
  int got = advance (exchange, RETRY (recv (exchange->watch.fd, exchange->bytes + exchange->done, exchange->size - exchange->done, 0)));
  if (got <= 0 || exchange->size > LENGTH_BYTES)
    return got;
  size_t length = get_16 (exchange->bytes);
  unsigned char *larger = length >= HEADER_SIZE ? realloc (exchange->bytes, LENGTH_BYTES + length) : NULL;
  if (!larger)
    return -1;
  exchange->bytes = larger;
  exchange->size += length;
  return 0;
}

static void exchange_ready (struct watch *watch, uint32_t events) {
  (void)events;
  struct exchange *exchange = ITEM (watch, struct exchange, watch);
  int result = exchange->is_sent ? receive_some (exchange) : send_some (exchange);
  if (result == 0)
    return;
  bool is_whole = result > 0;
  exchange->over (exchange, is_whole ? exchange->bytes + LENGTH_BYTES : NULL, is_whole ? exchange->size - LENGTH_BYTES : 0);
}

int exchange_begin (struct exchange *exchange, const union place *place, uint16_t id, const unsigned char *message, size_t size,
                  void (*over) (struct exchange *exchange, unsigned char *message, size_t size)) {
  exchange_close (exchange);
  cleanup_fd int fd = socket (place->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || (connect (fd, &place->any, place_size (place)) < 0 && errno != EINPROGRESS))
    return -1;
  exchange->bytes = malloc (LENGTH_BYTES + size);
  if (!exchange->bytes || watch_open (&exchange->watch, fd, EPOLLOUT, exchange_ready) < 0) {
    exchange_close (exchange);
    return -1;
  }
  steal_fd (&fd);
  put_16 (exchange->bytes, (unsigned)size);
  memcpy (exchange->bytes + LENGTH_BYTES, message, size);
  put_16 (exchange->bytes + LENGTH_BYTES, id);
  exchange->size = LENGTH_BYTES + size;
  exchange->id = id;
  exchange->over = over;
  return 0;
}
