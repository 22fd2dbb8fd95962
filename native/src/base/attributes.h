/* Attributes of netlink(7), one after the other. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct attributes {
  const unsigned char *at;
  size_t left;
};

/* Of a message with a header of `header` bytes behind that of netlink; none if it is shorter. */
struct attributes attributes_of (const void *message, size_t size, size_t header);

/* The next one, without the bits that say how it is to be read; its value may be attributes. False at the end. */
bool attribute_next (struct attributes *all, unsigned *type, struct attributes *value);
