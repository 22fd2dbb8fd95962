#include "control.h"
#include <netinet/in.h>
#include <string.h>

struct reader {
  const unsigned char *at;
  size_t left;
};

/* NULL if there are fewer bytes. */
static const unsigned char *take (struct reader *reader, size_t count) {
  if (reader->left < count)
    return NULL;
  const unsigned char *taken = reader->at;
  reader->at += count;
  reader->left -= count;
  return taken;
}

static bool take_8 (struct reader *reader, unsigned *number) {
  const unsigned char *bytes = take (reader, 1);
  if (bytes)
    *number = *bytes;
  return bytes;
}

static bool take_16 (struct reader *reader, unsigned *number) {
  const unsigned char *bytes = take (reader, 2);
  if (bytes)
    *number = bytes[0] | (unsigned)bytes[1] << 8;
  return bytes;
}

static bool is_id (const unsigned char *bytes) {
  for (unsigned i = 0; i < ID_SIZE; i++)
    if (!(bytes[i] >= '0' && bytes[i] <= '9') && !(bytes[i] >= 'a' && bytes[i] <= 'f'))
      return false;
  return true;
}

static bool take_ids (struct reader *reader, const char **ids, unsigned count) {
  const unsigned char *bytes = take (reader, (size_t)count * ID_SIZE);
  *ids = (const char *)bytes;
  for (unsigned i = 0; bytes && i < count; i++)
    if (!is_id (bytes + (size_t)i * ID_SIZE))
      return false;
  return bytes;
}

static bool take_address (struct reader *reader, struct address *address) {
  unsigned family;
  if (!take_8 (reader, &family) || (family != 4 && family != 6))
    return false;
  address->size = family == 4 ? 4 : 16;
  const unsigned char *bytes = take (reader, address->size);
  if (bytes)
    memcpy (address->bytes, bytes, address->size);
  return bytes;
}

static bool take_server (struct reader *reader, struct server *server) {
  unsigned low, high, port;
  if (!take_address (reader, &server->address) || !take_16 (reader, &low) || !take_16 (reader, &high) || !take_16 (reader, &port))
    return false;
  server->interface = low | high << 16;
  server->port = (uint16_t)port;
  return port > 0;
}

static bool take_servers (struct reader *reader, struct request *request) {
  if (!take_8 (reader, &request->servers) || request->servers > MOST_SERVERS)
    return false;
  for (unsigned i = 0; i < request->servers; i++)
    if (!take_server (reader, &request->server[i]))
      return false;
  return true;
}

/* Labels of usual bytes, as questions are brought into (question.h). */
static bool is_name (const unsigned char *bytes, size_t size) {
  size_t label = 0;
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = bytes[i];
    bool is_dot = byte == '.';
    if (byte <= ' ' || byte >= 0x7f || (byte >= 'A' && byte <= 'Z') || (is_dot && label == 0) || (!is_dot && label == MOST_LABEL))
      return false;
    label = is_dot ? 0 : label + 1;
  }
  return label > 0 && size <= MOST_NAME;
}

static bool take_name (struct reader *reader, struct text *name) {
  unsigned length;
  const unsigned char *bytes = take_8 (reader, &length) ? take (reader, length) : NULL;
  if (!bytes || !is_name (bytes, length))
    return false;
  *name = (struct text){ (const char *)bytes, length };
  return true;
}

static bool take_member (struct reader *reader, struct request *request) {
  if (!take_8 (reader, &request->addresses) || request->addresses > MOST_ADDRESSES)
    return false;
  for (unsigned i = 0; i < request->addresses; i++)
    if (!take_address (reader, &request->address[i]))
      return false;
  if (!take_16 (reader, &request->names) || request->names > MOST_NAMES)
    return false;
  for (unsigned i = 0; i < request->names; i++)
    if (!take_name (reader, &request->name[i]))
      return false;
  return true;
}

static bool take_view (struct reader *reader, struct request *request) {
  unsigned has_own;
  if (!take_8 (reader, &has_own) || has_own > 1)
    return false;
  request->has_own_servers = has_own;
  return take_8 (reader, &request->networks) && take_ids (reader, &request->networks_at, request->networks) && take_servers (reader, request);
}

#define RANGE_SIZE 5

struct port_range rule_range (const struct rule *rule, unsigned index) {
  struct reader reader = { rule->ranges_at + (size_t)index * RANGE_SIZE, RANGE_SIZE };
  unsigned protocol = 0, first = 0, last = 0;
  take_8 (&reader, &protocol);
  take_16 (&reader, &first);
  take_16 (&reader, &last);
  return (struct port_range){ (uint8_t)protocol, (uint16_t)first, (uint16_t)last };
}

static bool ranges_are_good (const struct rule *rule) {
  for (unsigned i = 0; i < rule->ranges; i++) {
    const struct port_range range = rule_range (rule, i);
    if ((range.protocol != 0 && range.protocol != IPPROTO_TCP && range.protocol != IPPROTO_UDP) || range.first > range.last)
      return false;
  }
  return true;
}

size_t rule_read (struct rule *rule, const unsigned char *bytes, size_t size) {
  struct reader reader = { bytes, size };
  unsigned is_wildcard;
  if (!take_8 (&reader, &is_wildcard) || is_wildcard > 1 || !take_name (&reader, &rule->name) || !take_8 (&reader, &rule->ranges))
    return 0;
  rule->is_wildcard = is_wildcard;
  rule->ranges_at = take (&reader, (size_t)rule->ranges * RANGE_SIZE);
  return rule->ranges_at && ranges_are_good (rule) ? size - reader.left : 0;
}

static bool is_interface (const char *name) { return name[0] != '\0' && name[INTERFACE_SIZE - 1] == '\0'; }

static bool take_interfaces (struct reader *reader, struct request *request) {
  if (!take_8 (reader, &request->interfaces) || request->interfaces > MOST_INTERFACES)
    return false;
  request->interfaces_at = (const char *)take (reader, (size_t)request->interfaces * INTERFACE_SIZE);
  for (unsigned i = 0; request->interfaces_at && i < request->interfaces; i++)
    if (!is_interface (request->interfaces_at + (size_t)i * INTERFACE_SIZE))
      return false;
  return request->interfaces_at;
}

static bool take_policy (struct reader *reader, struct request *request) {
  unsigned kind;
  if (!take_8 (reader, &kind) || kind > 1 || !take_interfaces (reader, request) || !take_16 (reader, &request->rules))
    return false;
  request->is_policed = kind;
  request->rules_at = reader->at;
  for (unsigned i = 0; i < request->rules; i++) {
    struct rule rule;
    size_t size = rule_read (&rule, reader->at, reader->left);
    if (size == 0)
      return false;
    take (reader, size);
  }
  request->rules_size = (size_t)(reader->at - request->rules_at);
  return true;
}

static bool take_body (struct reader *reader, struct request *request) {
  switch (request->kind) {
    case 'H':
    case 'B':
    case 'E':
    case 'G':
    case 'T':
    case 'W': return true;
    case 'U': return take_servers (reader, request);
    case 'O':
    case 'R': return take_ids (reader, &request->container, 1);
    case 'L': return take_ids (reader, &request->network, 1) && take_ids (reader, &request->container, 1);
    case 'J':
      return take_ids (reader, &request->network, 1) && take_ids (reader, &request->container, 1) && take_member (reader, request);
    case 'S': return take_ids (reader, &request->container, 1) && take_view (reader, request);
    case 'P': return take_ids (reader, &request->container, 1) && take_policy (reader, request);
    default: return false;
  }
}

bool request_read (struct request *request, const unsigned char *bytes, size_t size) {
  struct reader reader = { bytes, size };
  const unsigned char *kind = take (&reader, 1);
  if (!kind)
    return false;
  request->kind = (char)*kind;
  request->addresses = request->names = request->networks = request->servers = 0;
  return take_body (&reader, request) && reader.left == 0;
}
