#include "policy.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct policy {
  unsigned interfaces, rules;
  size_t rules_at, size; /* in the bytes: where the rules are, and the end */
  unsigned char bytes[]; /* interfaces, then rules, as they came */
};

static const struct policy nothing = { .size = 0 };

const struct policy *policy_make (const struct request *request) {
  size_t rules_at = (size_t)request->interfaces * INTERFACE_SIZE, size = rules_at + request->rules_size;
  struct policy *policy = malloc (sizeof *policy + size);
  if (!policy)
    return &nothing;
  *policy = (struct policy){ .interfaces = request->interfaces, .rules = request->rules, .rules_at = rules_at, .size = size };
  memcpy (policy->bytes, request->interfaces_at, rules_at);
  memcpy (policy->bytes + rules_at, request->rules_at, request->rules_size);
  return policy;
}

void policy_free (const struct policy *policy) {
  if (policy != &nothing)
    free ((void *)policy);
}

bool policy_is_same (const struct policy *one, const struct policy *other) {
  return one->interfaces == other->interfaces && one->rules == other->rules && one->size == other->size &&
         !memcmp (one->bytes, other->bytes, one->size);
}

bool policy_has_rules (const struct policy *policy) { return policy->rules > 0; }

unsigned policy_interfaces (const struct policy *policy) { return policy->interfaces; }

const char *policy_interface (const struct policy *policy, unsigned index) {
  return (const char *)policy->bytes + (size_t)index * INTERFACE_SIZE;
}

static bool fits (const struct rule *rule, const char *name, size_t length) {
  if (!rule->is_wildcard)
    return length == rule->name.length && !memcmp (name, rule->name.at, length);
  return length > rule->name.length + 1 && name[length - rule->name.length - 1] == '.' &&
         !memcmp (name + length - rule->name.length, rule->name.at, rule->name.length);
}

static void add_port (struct ports *ports, uint8_t protocol, unsigned number) {
  for (unsigned i = 0; i < ports->count; i++)
    if (ports->port[i].number == number && ports->port[i].protocol == protocol)
      return;
  if (ports->count < MOST_PORTS)
    ports->port[ports->count++] = (struct port){ protocol, (uint16_t)number };
  else
    ports->are_too_many = true;
}

static void add_range (struct ports *ports, const struct port_range *range) {
  for (unsigned number = range->first; number <= range->last && !ports->are_too_many; number++) {
    if (range->protocol != IPPROTO_UDP)
      add_port (ports, IPPROTO_TCP, number);
    if (range->protocol != IPPROTO_TCP)
      add_port (ports, IPPROTO_UDP, number);
  }
}

static void add_ports (struct ports *ports, const struct rule *rule) {
  ports->are_all |= rule->ranges == 0;
  for (unsigned i = 0; i < rule->ranges; i++) {
    const struct port_range range = rule_range (rule, i);
    add_range (ports, &range);
  }
}

bool policy_allows (const struct policy *policy, const char *name, struct ports *ports) {
  size_t length = strlen (name);
  size_t at = policy->rules_at;
  bool is_allowed = false;
  ports->are_all = ports->are_too_many = false;
  ports->count = 0;
  for (unsigned i = 0; i < policy->rules; i++) {
    struct rule rule;
    at += rule_read (&rule, policy->bytes + at, policy->size - at);
    if (!fits (&rule, name, length))
      continue;
    is_allowed = true;
    add_ports (ports, &rule);
  }
  if (ports->are_all) {
    ports->are_too_many = false;
    ports->count = 0;
  }
  return is_allowed;
}
