#pragma once

/* A socket of NETLINK_NETFILTER, as of netlink_open: the one that is kept, or a new one. Its owner closes it, or has it kept when all answers are read. */
int netfilter_take (void);
void netfilter_keep (int *fd);
