#include "denied_packet.h"
#include <string.h>
#include "containers.h"
#include "denials.h"
#include "packet.h"
#include "policy.h"

static const char *wanted;
static struct container *found;

static void compare (struct container *container) {
  for (unsigned i = 0; container->policy && i < policy_interfaces (container->policy); i++)
    if (!strncmp (policy_interface (container->policy, i), wanted, INTERFACE_SIZE))
      found = container;
}

void denied_packet (const char *interface, const unsigned char *bytes, size_t size) {
  struct packet packet;
  wanted = interface;
  found = NULL;
  containers_each (compare);
  if (!found || !packet_read (&packet, bytes, size))
    return;
  const struct denied denied = { .kind = DENIED_PACKET, .protocol = packet.protocol, .port = packet.port, .address = packet.to, .name = "" };
  denials_add (found, &denied);
}
