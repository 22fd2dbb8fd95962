#include "packet_log.h"
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "base/netlink.h"
#include "base/netlink_read.h"
#include "base/nft_batch.h"

int packet_log_bind (int socket, uint16_t group, uint32_t most_bytes) {
  unsigned char bytes[128];
  struct batch request = { .bytes = bytes };
  const struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
  const struct nfulnl_msg_config_mode mode = { .copy_range = htonl (most_bytes), .copy_mode = NFULNL_COPY_PACKET };
  size_t message = message_begin (&request, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK, AF_UNSPEC, group);
  put (&request, NFULA_CFG_CMD, &bind, sizeof bind);
  put (&request, NFULA_CFG_MODE, &mode, sizeof mode);
  /* Each at once. */
  put_number (&request, NFULA_CFG_QTHRESH, 1);
  message_end (&request, message);
  struct netlink_refusal refusal;
  return netlink_do (socket, request.bytes, request.size, &refusal);
}

int packet_log_unbind (int socket, uint16_t group) {
  unsigned char bytes[64];
  struct batch request = { .bytes = bytes };
  const struct nfulnl_msg_config_cmd unbind = { .command = NFULNL_CFG_CMD_UNBIND };
  size_t message = message_begin (&request, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK, AF_UNSPEC, group);
  put (&request, NFULA_CFG_CMD, &unbind, sizeof unbind);
  message_end (&request, message);
  struct netlink_refusal refusal;
  return netlink_do (socket, request.bytes, request.size, &refusal);
}

static void take_interface (struct logged *logged, int socket, const unsigned char *data) {
  uint32_t index;
  memcpy (&index, data, sizeof index);
  struct ifreq asked = { .ifr_ifindex = (int)ntohl (index) };
  if (ioctl (socket, SIOCGIFNAME, &asked) == 0)
    memcpy (logged->interface, asked.ifr_name, sizeof logged->interface);
}

bool packet_log_read (struct logged *logged, int socket, const char *prefix, const unsigned char *message, size_t size) {
  struct nlmsghdr header;
  struct bytes all = { message, size }, body, attributes, value;
  unsigned type;
  bool is_ours = false;
  *logged = (struct logged){ .size = 0 };
  if (!message_next (&all, &header, &body) || header.nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
    return false;
  attributes = attributes_behind (body, sizeof (struct nfgenmsg));
  while (attribute_next (&attributes, &type, &value))
    if (type == NFULA_PREFIX)
      is_ours = value.left == strlen (prefix) + 1 && !memcmp (value.at, prefix, value.left);
    else if (type == NFULA_IFINDEX_INDEV && value.left == sizeof (uint32_t))
      take_interface (logged, socket, value.at);
    else if (type == NFULA_PAYLOAD) {
      logged->packet = value.at;
      logged->size = value.left;
    }
  return is_ours && logged->interface[0] != '\0' && logged->size > 0;
}
