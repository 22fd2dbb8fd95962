/* Who is in which network: the names and the addresses. */
#pragma once
#include "container.h"
#include "control.h"
#include "list.h"
#include "table.h"

/* A network; it exists as long as it has members, or a container sees it. */
struct zone;

struct zone *zone_take (const char *id); /* NULL without memory */
void zone_release (struct zone *zone);

/* The container has these names and addresses, in place of others. -1 and errno. */
int member_join (struct container *container, const struct request *request);
void member_leave (struct container *container, const char *network);
/* The container leaves all networks, or those that it was not found in since the generation began. */
void members_leave (struct container *container, uint64_t generation);

/* The addresses that the network has for the name, at most `most`, of one size (0: all). Sets `known` if it has the name. Returns their number. */
unsigned zone_find (const struct zone *zone, const char *name, uint8_t size, const struct address **found, unsigned most, bool *known);
/* The name that the network has for the address; NULL if it has none. */
const char *zone_name_of (const struct zone *zone, const struct address *address);
