#include "base/netlink.h"
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "base/cleanup.h"
#include "base/syscalls.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* The kernel answers at once, except that all network changes wait for one lock. */
#define ANSWER_SECONDS 5
/* An answer without a dump: an acknowledgement, whose request is cut off, with the kernel's words, or the description of one interface. */
#define SHORT_ANSWER 8192
#define MAX_ERRNO 4095

int netlink_open (int family) {
  const int on = 1;
  const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
  if (fd < 0)
    return -1;
  /* Without them, the words are missing or the wait is longer. */
  setsockopt (fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt (fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

/* Of the messages in one datagram: 1 or 0 if one of them ends the answer, -1 if more will come. */
static int find_end (const char *data, size_t size, uint32_t sequence) {
  while (size >= sizeof (struct nlmsghdr)) {
    struct nlmsghdr header;
    struct nlmsgerr result;
    memcpy (&header, data, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > size)
      break;
    if (header.nlmsg_seq == sequence && header.nlmsg_type == NLMSG_DONE)
      return 1;
    if (header.nlmsg_seq == sequence && header.nlmsg_type == NLMSG_ERROR) {
      if (header.nlmsg_len < NLMSG_LENGTH (sizeof result))
        break;
      memcpy (&result, data + NLMSG_HDRLEN, sizeof result);
      return result.error == 0;
    }
    size_t step = NLMSG_ALIGN (header.nlmsg_len);
    if (step >= size)
      break;
    data += step;
    size -= step;
  }
  return -1;
}

int netlink_ask (int socket, const void *request, size_t request_size, char *answer, size_t size, size_t *used) {
  struct nlmsghdr header;
  if (request_size < sizeof header)
    return -EBADMSG;
  memcpy (&header, request, sizeof header);
  if (RETRY (send (socket, request, request_size, 0)) < 0)
    return -errno;
  for (;;) {
    ssize_t got = RETRY (recv (socket, answer + *used, size - *used, MSG_TRUNC));
    if (got < 0)
      return -errno;
    if (got == 0)
      return -EPROTO;
    if ((size_t)got > size - *used)
      return -EMSGSIZE;
    int end = find_end (answer + *used, (size_t)got, header.nlmsg_seq);
    size_t next = *used + NLMSG_ALIGN ((size_t)got);
    *used = next < size ? next : size;
    if (end >= 0)
      return end;
  }
}

/* The attributes stand behind the header of the refused request, since NETLINK_CAP_ACK leaves out the rest of it. */
static void take_words (const char *at, size_t size, char *words) {
  while (size >= sizeof (struct nlattr)) {
    struct nlattr attribute;
    memcpy (&attribute, at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > size)
      return;
    if (attribute.nla_type == NLMSGERR_ATTR_MSG) {
      size_t length = attribute.nla_len - sizeof attribute;
      if (length > NETLINK_WORDS - 1)
        length = NETLINK_WORDS - 1;
      memcpy (words, at + sizeof attribute, length);
      words[length] = '\0';
      return;
    }
    size_t step = NLA_ALIGN (attribute.nla_len);
    if (step >= size)
      return;
    at += step;
    size -= step;
  }
}

static void read_refusal (const char *answer, size_t size, struct netlink_refusal *refusal) {
  struct nlmsghdr header;
  struct nlmsgerr result;
  const size_t attributes = NLMSG_HDRLEN + sizeof result;
  memcpy (&header, answer, sizeof header);
  memcpy (&result, answer + NLMSG_HDRLEN, sizeof result);
  refusal->error = result.error < 0 && result.error >= -MAX_ERRNO ? -result.error : EPROTO;
  if (header.nlmsg_flags & NLM_F_ACK_TLVS && header.nlmsg_flags & NLM_F_CAPPED && size > attributes)
    take_words (answer + attributes, size - attributes, refusal->words);
}

int netlink_do (int socket, const void *request, size_t size, struct netlink_refusal *refusal) {
  char answer[SHORT_ANSWER];
  size_t used = 0;
  *refusal = (struct netlink_refusal){ 0 };
  int accepted = netlink_ask (socket, request, size, answer, sizeof answer, &used);
  if (accepted > 0)
    return 0;
  if (accepted < 0)
    refusal->error = -accepted;
  else
    read_refusal (answer, used, refusal);
  return failed (refusal->error);
}
