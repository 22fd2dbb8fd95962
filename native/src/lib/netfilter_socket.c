/*
 * When such a socket is closed, the kernel waits until it has freed what was last removed from nf_tables (nft_rcv_nl_event), which takes a grace
 * period of RCU, many milliseconds, and nobody can change nf_tables meanwhile. So the last one stays open for the next caller.
 */
#include "netfilter_socket.h"
#include <linux/netlink.h>
#include <stdatomic.h>
#include "base/cleanup.h"
#include "base/netlink.h"

static atomic_int kept = -1;

int netfilter_take (void) {
  int fd = atomic_exchange (&kept, -1);
  return fd < 0 ? netlink_open (NETLINK_NETFILTER) : fd;
}

void netfilter_keep (int *fd) {
  int none = -1;
  if (atomic_compare_exchange_strong (&kept, &none, *fd))
    *fd = -1;
}
