#include "moved_port.h"
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include "cleanup.h"
#include "nft_batch.h"
#include "syscalls.h"

#define TABLE "liker-names"
#define CHAIN "output"
/* Before connection tracking, if the container has any. */
#define PRIORITY (-300)
#define LOOPBACK_INTERFACE 1
/* Where the address and the ports are in the headers, and the sums of UDP and TCP. */
enum { SOURCE_ADDRESS = 12, TARGET_ADDRESS = 16, SOURCE_PORT = 0, TARGET_PORT = 2, SUM_OF_UDP = 6, SUM_OF_TCP = 16 };

struct expression {
  size_t element, data;
};

static struct expression expression_begin (struct batch *batch, const char *name) {
  struct expression expression = { .element = nest_begin (batch, NFTA_LIST_ELEM) };
  put_text (batch, NFTA_EXPR_NAME, name);
  expression.data = nest_begin (batch, NFTA_EXPR_DATA);
  return expression;
}

static void expression_end (struct batch *batch, struct expression expression) {
  nest_end (batch, expression.data);
  nest_end (batch, expression.element);
}

static void compare (struct batch *batch, unsigned operation, const void *value, size_t size) {
  struct expression expression = expression_begin (batch, "cmp");
  put_number (batch, NFTA_CMP_SREG, NFT_REG_1);
  put_number (batch, NFTA_CMP_OP, operation);
  put_value (batch, NFTA_CMP_DATA, value, size);
  expression_end (batch, expression);
}

static void load_meta (struct batch *batch, unsigned key) {
  struct expression expression = expression_begin (batch, "meta");
  put_number (batch, NFTA_META_DREG, NFT_REG_1);
  put_number (batch, NFTA_META_KEY, key);
  expression_end (batch, expression);
}

static void match_payload (struct batch *batch, unsigned base, unsigned offset, const void *value, size_t size) {
  struct expression expression = expression_begin (batch, "payload");
  put_number (batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
  put_number (batch, NFTA_PAYLOAD_BASE, base);
  put_number (batch, NFTA_PAYLOAD_OFFSET, offset);
  put_number (batch, NFTA_PAYLOAD_LEN, (uint32_t)size);
  expression_end (batch, expression);
  compare (batch, NFT_CMP_EQ, value, size);
}

static void write_port (struct batch *batch, unsigned offset, uint16_t port, unsigned sum) {
  const uint16_t value = htons (port);
  struct expression expression = expression_begin (batch, "immediate");
  put_number (batch, NFTA_IMMEDIATE_DREG, NFT_REG_1);
  put_value (batch, NFTA_IMMEDIATE_DATA, &value, sizeof value);
  expression_end (batch, expression);
  expression = expression_begin (batch, "payload");
  put_number (batch, NFTA_PAYLOAD_SREG, NFT_REG_1);
  put_number (batch, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
  put_number (batch, NFTA_PAYLOAD_OFFSET, offset);
  put_number (batch, NFTA_PAYLOAD_LEN, sizeof value);
  put_number (batch, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
  put_number (batch, NFTA_PAYLOAD_CSUM_OFFSET, sum);
  put_number (batch, NFTA_PAYLOAD_CSUM_FLAGS, 0);
  expression_end (batch, expression);
}

static void add_table (struct batch *batch) {
  size_t message = table_message (batch, NFPROTO_IPV4, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
  put_text (batch, NFTA_TABLE_NAME, TABLE);
  message_end (batch, message);
  message = table_message (batch, NFPROTO_IPV4, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  put_text (batch, NFTA_CHAIN_TABLE, TABLE);
  put_text (batch, NFTA_CHAIN_NAME, CHAIN);
  size_t hook = nest_begin (batch, NFTA_CHAIN_HOOK);
  put_number (batch, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
  put_number (batch, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
  nest_end (batch, hook);
  put_number (batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
  put_text (batch, NFTA_CHAIN_TYPE, "filter");
  message_end (batch, message);
}

struct rule {
  size_t message, expressions;
};

static struct rule rule_begin (struct batch *batch) {
  struct rule rule = { .message = table_message (batch, NFPROTO_IPV4, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND) };
  put_text (batch, NFTA_RULE_TABLE, TABLE);
  put_text (batch, NFTA_RULE_CHAIN, CHAIN);
  rule.expressions = nest_begin (batch, NFTA_RULE_EXPRESSIONS);
  return rule;
}

static void rule_end (struct batch *batch, struct rule rule) {
  nest_end (batch, rule.expressions);
  message_end (batch, rule.message);
}

/* Whatever leaves the namespace is passed over at once. */
static void add_exit (struct batch *batch) {
  const uint32_t loopback = LOOPBACK_INTERFACE;
  struct rule rule = rule_begin (batch);
  load_meta (batch, NFT_META_OIF);
  compare (batch, NFT_CMP_NEQ, &loopback, sizeof loopback);
  struct expression expression = expression_begin (batch, "immediate");
  put_number (batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
  size_t data = nest_begin (batch, NFTA_IMMEDIATE_DATA), verdict = nest_begin (batch, NFTA_DATA_VERDICT);
  put_number (batch, NFTA_VERDICT_CODE, NF_ACCEPT);
  nest_end (batch, verdict);
  nest_end (batch, data);
  expression_end (batch, expression);
  rule_end (batch, rule);
}

/* There: packets to `from`; otherwise back: those that come from it. */
static void add_move (struct batch *batch, bool is_there, uint8_t protocol, uint32_t address, uint16_t from, uint16_t to) {
  const uint32_t wanted_address = htonl (address);
  const uint16_t wanted_port = htons (from);
  unsigned port = is_there ? TARGET_PORT : SOURCE_PORT;
  struct rule rule = rule_begin (batch);
  match_payload (batch, NFT_PAYLOAD_NETWORK_HEADER, is_there ? TARGET_ADDRESS : SOURCE_ADDRESS, &wanted_address, sizeof wanted_address);
  load_meta (batch, NFT_META_L4PROTO);
  compare (batch, NFT_CMP_EQ, &protocol, sizeof protocol);
  match_payload (batch, NFT_PAYLOAD_TRANSPORT_HEADER, port, &wanted_port, sizeof wanted_port);
  write_port (batch, port, to, protocol == IPPROTO_UDP ? SUM_OF_UDP : SUM_OF_TCP);
  rule_end (batch, rule);
}

/* The first message that is refused, or the one that asks for an answer. */
static int hear (int socket) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    unsigned char rest[4096];
  } answer;
  ssize_t got = RETRY (recv (socket, &answer, sizeof answer, 0));
  if (got < 0)
    return -1;
  if (got < (ssize_t)offsetof (__typeof__ (answer), rest) || answer.header.nlmsg_type != NLMSG_ERROR)
    return failed (EPROTO);
  int error = -answer.error.error;
  return error == 0 || error == EEXIST ? 0 : failed (error);
}

int move_port (uint32_t address, uint16_t port, uint16_t to) {
  unsigned char bytes[3072];
  struct batch batch = { .bytes = bytes };
  batch_limit (&batch, NFNL_MSG_BATCH_BEGIN);
  add_table (&batch);
  add_exit (&batch);
  static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
  size_t last = 0;
  for (unsigned i = 0; i < sizeof protocols; i++) {
    add_move (&batch, true, protocols[i], address, port, to);
    last = batch.size;
    add_move (&batch, false, protocols[i], address, to, port);
  }
  message_ask_answer (&batch, last);
  batch_limit (&batch, NFNL_MSG_BATCH_END);
  cleanup_fd int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (fd < 0 || RETRY (send (fd, batch.bytes, batch.size, 0)) < 0)
    return -1;
  return hear (fd);
}
