/* Name servers that are asked for what is not in the tables. */
#pragma once
#include <netinet/in.h>
#include "container.h"

union place {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

struct servers {
  unsigned users;
  unsigned count;
  unsigned first; /* the one that is asked first: it has answered last */
  union place place[MOST_SERVERS];
};

/* For one user. NULL without memory. */
struct servers *servers_make (const struct request *request);
struct servers *servers_take (struct servers *servers);
void servers_release (struct servers *servers); /* or NULL */

/* For those that have none of their own. -1 without memory. */
int servers_set_common (const struct request *request);
struct servers *servers_of (const struct container *container);

socklen_t place_size (const union place *place);
