/* What the tables say. */
#pragma once
#include "answer.h"
#include "container.h"

/* Adds what the container may know to the answer. False if its networks do not have the name. */
bool lookup (const struct container *container, const struct question *question, struct answer *answer);

/* Whether it is an address of the container's networks. */
bool lookup_has_address (const struct container *container, const struct address *address);
