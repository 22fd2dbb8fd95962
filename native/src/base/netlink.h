/* netlink(7): requests to the kernel, one after the other, with its reason for what it refuses. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define NETLINK_WORDS 160

/* Why the kernel has refused a request. */
struct netlink_refusal {
  int error;                 /* errno */
  char words[NETLINK_WORDS]; /* of the kernel; empty: it has none */
};

/* A socket of this family (NETLINK_ROUTE …) in the network namespace of the caller. -1 and errno. */
int netlink_open (int family);

/*
 * Sends a request, which has NLM_F_ACK or NLM_F_DUMP, and appends the kernel's whole answer to `answer`, of which `*used` bytes are
 * used. Returns 1 if the kernel has accepted it, 0 if it has refused it, or -errno (-EMSGSIZE: the answer does not fit).
 */
int netlink_ask (int socket, const void *request, size_t request_size, char *answer, size_t size, size_t *used);

/* The same for a request of which nothing but success matters: 0, or -1 with a refusal; one with errno alone is of the call itself. */
int netlink_do (int socket, const void *request, size_t size, struct netlink_refusal *refusal);
