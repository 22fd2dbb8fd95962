/* Addresses as names: in-addr.arpa and ip6.arpa. */
#pragma once
#include <stdbool.h>
#include "address.h"

/* False if the name, in lower case, stands for no address. */
bool reverse_read (const char *name, struct address *address);
