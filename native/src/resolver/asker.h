/* Who has asked, and how the answer gets there. */
#pragma once
#include <netinet/in.h>
#include "container.h"

struct connection;

struct asker {
  struct container *container;
  void (*answer) (const struct asker *asker, const unsigned char *message, size_t size);
  struct connection *connection; /* NULL: by UDP */
  struct list *queries;          /* of the connection; NULL: by UDP */
  struct sockaddr_in from;       /* by UDP */
};
