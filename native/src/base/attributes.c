#include "attributes.h"
#include <linux/netlink.h>
#include <string.h>

struct attributes attributes_of (const void *message, size_t size, size_t header) {
  size_t begin = NLMSG_HDRLEN + NLMSG_ALIGN (header);
  return size < begin ? (struct attributes){ .left = 0 } : (struct attributes){ (const unsigned char *)message + begin, size - begin };
}

bool attribute_next (struct attributes *all, unsigned *type, struct attributes *value) {
  struct nlattr attribute;
  if (all->left < sizeof attribute)
    return false;
  memcpy (&attribute, all->at, sizeof attribute);
  if (attribute.nla_len < sizeof attribute || attribute.nla_len > all->left)
    return false;
  *type = attribute.nla_type & NLA_TYPE_MASK;
  *value = (struct attributes){ all->at + sizeof attribute, attribute.nla_len - sizeof attribute };
  size_t step = NLA_ALIGN (attribute.nla_len);
  all->at += step < all->left ? step : all->left;
  all->left -= step < all->left ? step : all->left;
  return true;
}
