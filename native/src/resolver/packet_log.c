#include "packet_log.h"
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "base/netlink.h"
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

static void take_interface (struct logged *logged, int socket, const unsigned char *data) {
  uint32_t index;
  memcpy (&index, data, sizeof index);
  struct ifreq asked = { .ifr_ifindex = (int)ntohl (index) };
  if (ioctl (socket, SIOCGIFNAME, &asked) == 0)
    memcpy (logged->interface, asked.ifr_name, sizeof logged->interface);
}

bool packet_log_read (struct logged *logged, int socket, const char *prefix, const unsigned char *message, size_t size) {
  struct nlmsghdr header;
  bool is_ours = false;
  *logged = (struct logged){ .size = 0 };
  if (size < NLMSG_LENGTH (sizeof (struct nfgenmsg)))
    return false;
  memcpy (&header, message, sizeof header);
  if (header.nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) || header.nlmsg_len > size)
    return false;
  for (size_t at = NLMSG_LENGTH (sizeof (struct nfgenmsg)); at + NLA_HDRLEN <= header.nlmsg_len;) {
    struct nlattr attribute;
    memcpy (&attribute, message + at, sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > header.nlmsg_len - at)
      return false;
    const unsigned char *data = message + at + NLA_HDRLEN;
    size_t length = attribute.nla_len - NLA_HDRLEN;
    if (attribute.nla_type == NFULA_PREFIX)
      is_ours = length == strlen (prefix) + 1 && !memcmp (data, prefix, length);
    else if (attribute.nla_type == NFULA_IFINDEX_INDEV && length == sizeof (uint32_t))
      take_interface (logged, socket, data);
    else if (attribute.nla_type == NFULA_PAYLOAD) {
      logged->packet = data;
      logged->size = length;
    }
    at += NLA_ALIGN (attribute.nla_len);
  }
  return is_ours && logged->interface[0] != '\0' && logged->size > 0;
}
