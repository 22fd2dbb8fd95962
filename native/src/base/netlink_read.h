/* What was received of netlink(7): messages, one after the other, each with attributes behind a header of its own. */
#pragma once
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

struct bytes {
  const unsigned char *at;
  size_t left;
};

/* The next message, and what is behind its header. False at the end. */
bool message_next (struct bytes *all, struct nlmsghdr *header, struct bytes *body);

/* Behind a header of this size; nothing if there is less. */
struct bytes attributes_behind (struct bytes body, size_t header);

/* The next attribute, without the bits that say how it is to be read; its value may be attributes. False at the end. */
bool attribute_next (struct bytes *all, unsigned *type, struct bytes *value);
