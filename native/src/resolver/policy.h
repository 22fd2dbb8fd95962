/* Which names a container may ask for, and which ports of their addresses it may reach. */
#pragma once
#include "control.h"

/* Of one name, by all rules together. */
#define MOST_PORTS 256

struct port {
  uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
  uint16_t number;
};

struct ports {
  bool are_all;
  bool are_too_many;
  unsigned count;
  struct port port[MOST_PORTS];
};

struct policy;

/* As the request says; without memory, one that allows nothing. */
const struct policy *policy_make (const struct request *request);
void policy_free (const struct policy *policy); /* or NULL */

bool policy_is_same (const struct policy *one, const struct policy *other);
bool policy_has_rules (const struct policy *policy);

unsigned policy_interfaces (const struct policy *policy);
/* Its name, with zeros up to INTERFACE_SIZE. */
const char *policy_interface (const struct policy *policy, unsigned index);

/* Whether a rule allows the name, and the ports that all such rules allow. */
bool policy_allows (const struct policy *policy, const char *name, struct ports *ports);
