#include "netlink_read.h"
#include <string.h>

static void step (struct bytes *all, size_t size) {
  size_t aligned = NLMSG_ALIGN (size), taken = aligned < all->left ? aligned : all->left;
  all->at += taken;
  all->left -= taken;
}

bool message_next (struct bytes *all, struct nlmsghdr *header, struct bytes *body) {
  if (all->left < sizeof *header)
    return false;
  memcpy (header, all->at, sizeof *header);
  if (header->nlmsg_len < sizeof *header || header->nlmsg_len > all->left)
    return false;
  *body = (struct bytes){ all->at + NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN };
  step (all, header->nlmsg_len);
  return true;
}

struct bytes attributes_behind (struct bytes body, size_t header) {
  step (&body, header);
  return body;
}

bool attribute_next (struct bytes *all, unsigned *type, struct bytes *value) {
  struct nlattr attribute;
  if (all->left < sizeof attribute)
    return false;
  memcpy (&attribute, all->at, sizeof attribute);
  if (attribute.nla_len < sizeof attribute || attribute.nla_len > all->left)
    return false;
  *type = attribute.nla_type & NLA_TYPE_MASK;
  *value = (struct bytes){ all->at + sizeof attribute, attribute.nla_len - sizeof attribute };
  step (all, attribute.nla_len);
  return true;
}
