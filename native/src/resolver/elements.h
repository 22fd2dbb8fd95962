/* A change of the guard as messages of nftables. */
#pragma once
#include "base/nft_batch.h"
#include "guard_change.h"

/* Enough for any change. */
#define ELEMENTS_ROOM (1u << 19)

/* One transaction. False if the change is none that the guard makes. */
bool elements_write (struct batch *batch, const char *table, const struct guard_change *change);
