#include "servers.h"
#include <stdlib.h>
#include <string.h>

/* It has a user more than anybody releases. */
static struct servers none = { .users = 2 };
static struct servers *common = &none;

static union place place_of (const struct server *server) {
  union place place = { .v4 = { .sin_family = AF_INET, .sin_port = htons (server->port) } };
  if (server->address.size == 4) {
    memcpy (&place.v4.sin_addr, server->address.bytes, 4);
    return place;
  }
  place.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons (server->port), .sin6_scope_id = server->interface };
  memcpy (&place.v6.sin6_addr, server->address.bytes, sizeof place.v6.sin6_addr);
  return place;
}

struct servers *servers_make (const struct request *request) {
  struct servers *servers = calloc (1, sizeof *servers);
  if (!servers)
    return NULL;
  servers->users = 1;
  for (; servers->count < request->servers; servers->count++)
    servers->place[servers->count] = place_of (&request->server[servers->count]);
  return servers;
}

struct servers *servers_take (struct servers *servers) {
  servers->users++;
  return servers;
}

void servers_release (struct servers *servers) {
  if (servers && --servers->users == 0)
    free (servers);
}

int servers_set_common (const struct request *request) {
  struct servers *servers = servers_make (request);
  if (!servers)
    return -1;
  servers_release (common);
  common = servers;
  return 0;
}

struct servers *servers_of (const struct container *container) { return container->servers ? container->servers : common; }

socklen_t place_size (const union place *place) { return place->any.sa_family == AF_INET ? sizeof place->v4 : sizeof place->v6; }
