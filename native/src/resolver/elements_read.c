#include "elements_read.h"
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include "base/netlink_read.h"
#include "base/nft_batch.h"
#include "base/syscalls.h"
#include "elements.h"
#include "message.h"

/* The kernel sends no more at once. */
#define MOST_AT_ONCE (1u << 16)

static bool find (struct bytes within, unsigned wanted, struct bytes *value) {
  unsigned type;
  while (attribute_next (&within, &type, value))
    if (type == wanted)
      return true;
  return false;
}

static bool take_key (struct element *element, const struct element_set *set, struct bytes key) {
  size_t size = INTERFACE_SIZE + set->address_size + (set->has_ports ? PORT_KEY_SIZE : 0);
  struct bytes value;
  if (!find (key, NFTA_DATA_VALUE, &value) || value.left != size)
    return false;
  memcpy (element->interface, value.at, INTERFACE_SIZE);
  element->address.size = set->address_size;
  memcpy (element->address.bytes, value.at + INTERFACE_SIZE, set->address_size);
  const unsigned char *port = value.at + INTERFACE_SIZE + set->address_size;
  if (set->has_ports)
    element->port = (struct port){ .protocol = *port, .number = get_16 (port + PORT_KEY_SIZE / 2) };
  return true;
}

/* Its comment is the name. */
static void take_name (struct element *element, struct bytes data) {
  if (data.left > COMMENT_HEADER && data.at[0] == COMMENT_TYPE && data.at[1] == data.left - COMMENT_HEADER && data.at[data.left - 1] == '\0')
    memcpy (element->name, data.at + COMMENT_HEADER, data.at[1]);
}

static bool take_element (struct element *element, const struct element_set *set, struct bytes within) {
  struct bytes value;
  *element = (struct element){ .ms = 0 };
  if (!find (within, NFTA_SET_ELEM_KEY, &value) || !take_key (element, set, value))
    return false;
  if (find (within, NFTA_SET_ELEM_USERDATA, &value))
    take_name (element, value);
  uint64_t ms = 0;
  if (find (within, NFTA_SET_ELEM_EXPIRATION, &value) && value.left == sizeof ms)
    memcpy (&ms, value.at, sizeof ms);
  element->ms = (uint32_t)be64toh (ms);
  return true;
}

static void take_message (struct bytes body, const struct element_set *set, void (*found) (const struct element *element)) {
  struct bytes list, value;
  unsigned type;
  if (!find (attributes_behind (body, sizeof (struct nfgenmsg)), NFTA_SET_ELEM_LIST_ELEMENTS, &list))
    return;
  while (attribute_next (&list, &type, &value)) {
    struct element element;
    if (take_element (&element, set, value))
      found (&element);
  }
}

/* Whether more is to come. Sets `error` at the end. */
static bool take_messages (struct bytes all, const struct element_set *set, void (*found) (const struct element *element), int *error) {
  struct nlmsghdr header;
  struct bytes body;
  while (message_next (&all, &header, &body)) {
    int32_t result = -EPROTO;
    if (header.nlmsg_type != NLMSG_DONE && header.nlmsg_type != NLMSG_ERROR) {
      take_message (body, set, found);
      continue;
    }
    if (body.left >= sizeof result)
      memcpy (&result, body.at, sizeof result);
    *error = -result;
    return false;
  }
  return true;
}

static int read_set (int socket, const char *table, const struct element_set *set, void (*found) (const struct element *element)) {
  static unsigned char bytes[MOST_AT_ONCE];
  struct batch request = { .bytes = bytes };
  size_t message = table_message (&request, NFPROTO_INET, NFT_MSG_GETSETELEM, NLM_F_DUMP);
  put_text (&request, NFTA_SET_ELEM_LIST_TABLE, table);
  put_text (&request, NFTA_SET_ELEM_LIST_SET, set->name);
  message_end (&request, message);
  if (RETRY (send (socket, request.bytes, request.size, 0)) < 0)
    return errno;
  for (;;) {
    int error;
    ssize_t got = RETRY (recv (socket, bytes, sizeof bytes, 0));
    if (got < 0)
      return errno;
    if (!take_messages ((struct bytes){ bytes, (size_t)got }, set, found, &error))
      return error;
  }
}

int elements_read (int socket, const char *table, void (*found) (const struct element *element)) {
  int error = 0;
  for (unsigned i = 0; i < ELEMENT_SETS; i++) {
    int of_set = read_set (socket, table, &element_sets[i], found);
    error = of_set ? of_set : error;
  }
  return error;
}
