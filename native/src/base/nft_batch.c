#include "nft_batch.h"
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

static void *add (struct batch *batch, size_t size) {
  void *at = batch->bytes + batch->size;
  batch->size += NLMSG_ALIGN (size);
  return at;
}

static struct nlmsghdr *header_at (struct batch *batch, size_t start) { return (struct nlmsghdr *)(void *)(batch->bytes + start); }

size_t message_begin (struct batch *batch, unsigned type, unsigned flags, unsigned family, unsigned resource) {
  size_t start = batch->size;
  struct nlmsghdr *header = add (batch, sizeof *header);
  *header = (struct nlmsghdr){ .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags), .nlmsg_seq = ++batch->number };
  struct nfgenmsg *what = add (batch, sizeof *what);
  *what = (struct nfgenmsg){ .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0, .res_id = htons ((uint16_t)resource) };
  return start;
}

void message_end (struct batch *batch, size_t start) { header_at (batch, start)->nlmsg_len = (uint32_t)(batch->size - start); }

void message_ask_answer (struct batch *batch, size_t start) { header_at (batch, start)->nlmsg_flags |= NLM_F_ACK; }

size_t table_message (struct batch *batch, unsigned family, unsigned type, unsigned flags) {
  return message_begin (batch, NFNL_SUBSYS_NFTABLES << 8 | type, flags, family, 0);
}

void batch_limit (struct batch *batch, unsigned type) {
  message_end (batch, message_begin (batch, type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

void put (struct batch *batch, unsigned type, const void *value, size_t size) {
  struct nlattr *attribute = add (batch, sizeof *attribute + size);
  *attribute = (struct nlattr){ .nla_len = (uint16_t)(sizeof *attribute + size), .nla_type = (uint16_t)type };
  memcpy (attribute + 1, value, size);
}

void put_text (struct batch *batch, unsigned type, const char *text) { put (batch, type, text, strlen (text) + 1); }

void put_number (struct batch *batch, unsigned type, uint32_t number) {
  const uint32_t value = htonl (number);
  put (batch, type, &value, sizeof value);
}

void put_value (struct batch *batch, unsigned type, const void *value, size_t size) {
  size_t nest = nest_begin (batch, type);
  put (batch, NFTA_DATA_VALUE, value, size);
  nest_end (batch, nest);
}

size_t nest_begin (struct batch *batch, unsigned type) {
  size_t start = batch->size;
  put (batch, type | NLA_F_NESTED, "", 0);
  return start;
}

void nest_end (struct batch *batch, size_t start) {
  ((struct nlattr *)(void *)(batch->bytes + start))->nla_len = (uint16_t)(batch->size - start);
}
