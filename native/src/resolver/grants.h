/*
 * Addresses that containers can reach, each since an allowed name had it, and until a minute after the time that the name could be kept. They are known
 * here as well as to the kernel: to be taken away with the policy that allows the name, and put back into a new table.
 */
#pragma once
#include "container.h"

/* Addresses of one family, on their way to the kernel. */
struct giving;

/*
 * Lets the container reach these addresses, of which there are at most MOST_GIVEN, for as many seconds as the name can be kept. 1: it can already; 0: `done`
 * is called with `owner` and an errno as soon as the kernel knows or refuses; -1 and errno.
 */
int grants_give (struct container *container, const char *name, const struct address *addresses, unsigned count, uint32_t seconds,
                 void (*done) (void *owner, int error), void *owner, struct giving **given);
/* `done` is not called. */
void giving_abandon (struct giving *giving);

/* How many of the addresses of a name fit into a change. */
unsigned grants_most (const struct container *container, const char *name);

/* The container's policy is this one from now on; with NULL it has none. */
void grants_change_policy (struct container *container, const struct policy *policy);

/* Learns what is open from the kernel, since before this program another one opened it. Whose it is comes with the policies. */
void grants_recall (void);

/* All of them into the table again. */
void grants_put_back (void);
