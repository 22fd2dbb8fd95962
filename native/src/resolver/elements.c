#include "elements.h"
#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

/* The list of elements is an attribute, whose size has 16 bits. */
#define MOST_IN_MESSAGE 256
#define MOST_KEY (INTERFACE_SIZE + 16 + PORT_KEY_SIZE)
/* With the headers of attributes, and the time. */
#define MOST_BYTES (MOST_KEY + 32)

_Static_assert(MOST_ELEMENTS * (3 * MOST_BYTES + COMMENT_HEADER + MOST_COMMENT + 4) < ELEMENTS_ROOM, "there is room for each element three times");
_Static_assert(MOST_IN_MESSAGE * (MOST_BYTES + COMMENT_HEADER + MOST_COMMENT + 4) < UINT16_MAX, "a list is not too long");

const struct element_set element_sets[ELEMENT_SETS] = {
  { "granted4", 4, false }, { "granted6", 16, false }, { "grantedPorts4", 4, true }, { "grantedPorts6", 16, true }
};

static const char *set_of (const struct guard_change *change) {
  const struct element_set *set = element_sets;
  while (set->address_size != change->given[0].address.size || set->has_ports != (change->ports > 0))
    set++;
  return set->name;
}

/* A name that is too long for a comment has none. */
static void put_name (struct batch *batch, const char *name) {
  unsigned char comment[COMMENT_HEADER + MOST_COMMENT];
  size_t size = strnlen (name, MOST_COMMENT) + 1;
  if (size > MOST_COMMENT)
    return;
  comment[0] = COMMENT_TYPE;
  comment[1] = (unsigned char)size;
  memcpy (comment + COMMENT_HEADER, name, size);
  put (batch, NFTA_SET_ELEM_USERDATA, comment, COMMENT_HEADER + size);
}

static void put_element (struct batch *batch, const struct guard_change *change, unsigned index, bool is_timed) {
  unsigned ports = change->ports ? change->ports : 1, address = index / ports % change->addresses;
  const struct given *given = &change->given[address];
  unsigned char key[MOST_KEY] = { 0 };
  size_t size = INTERFACE_SIZE;
  memcpy (key, change->interface[index / ports / change->addresses], INTERFACE_SIZE);
  memcpy (key + size, given->address.bytes, given->address.size);
  size += given->address.size;
  if (change->ports) {
    const struct port *port = &change->port[index % ports];
    const uint16_t number = htons (port->number);
    key[size] = port->protocol;
    memcpy (key + size + PORT_KEY_SIZE / 2, &number, sizeof number);
    size += PORT_KEY_SIZE;
  }
  size_t element = nest_begin (batch, NFTA_LIST_ELEM);
  put_value (batch, NFTA_SET_ELEM_KEY, key, size);
  const uint64_t ms = htobe64 (given->ms);
  if (is_timed) {
    put (batch, NFTA_SET_ELEM_TIMEOUT, &ms, sizeof ms);
    put_name (batch, change->name);
  }
  nest_end (batch, element);
}

static unsigned count_of (const struct guard_change *change) {
  return (unsigned)change->interfaces * change->addresses * (change->ports ? change->ports : 1);
}

/* Returns where the last message begins. */
static size_t put_all (struct batch *batch, const char *table, const struct guard_change *change, unsigned type, bool is_timed) {
  unsigned count = count_of (change);
  size_t message = batch->size;
  for (unsigned index = 0; index < count;) {
    message = table_message (batch, NFPROTO_INET, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
    put_text (batch, NFTA_SET_ELEM_LIST_TABLE, table);
    put_text (batch, NFTA_SET_ELEM_LIST_SET, set_of (change));
    size_t list = nest_begin (batch, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (unsigned end = index + MOST_IN_MESSAGE; index < count && index < end; index++)
      put_element (batch, change, index, is_timed);
    nest_end (batch, list);
    message_end (batch, message);
  }
  return message;
}

static bool is_good (const struct guard_change *change) {
  if (change->interfaces == 0 || change->interfaces > MOST_INTERFACES || change->addresses == 0 || change->addresses > MOST_GIVEN ||
      change->ports > MOST_PORTS || change->name[MOST_NAME] || count_of (change) > MOST_ELEMENTS)
    return false;
  for (unsigned i = 0; i < change->addresses; i++) {
    const struct address *address = &change->given[i].address;
    if ((address->size != 4 && address->size != 16) || address->size != change->given[0].address.size || address_is_special (address) ||
        !change->given[i].ms != !change->given[0].ms)
      return false;
  }
  return true;
}

/*
 * Before Linux 6.12 an element that exists keeps the time that it has, and one that does not exist cannot be taken away in any version that
 * is still in use: so each is added, which changes nothing if it is there, taken away, and added with its time.
 */
bool elements_write (struct batch *batch, const char *table, const struct guard_change *change) {
  if (!is_good (change))
    return false;
  batch->size = 0;
  batch_limit (batch, NFNL_MSG_BATCH_BEGIN);
  put_all (batch, table, change, NFT_MSG_NEWSETELEM, false);
  size_t last = put_all (batch, table, change, NFT_MSG_DELSETELEM, false);
  if (change->given[0].ms)
    last = put_all (batch, table, change, NFT_MSG_NEWSETELEM, true);
  message_ask_answer (batch, last);
  batch_limit (batch, NFNL_MSG_BATCH_END);
  return true;
}
