/* Fewer rights (capabilities(7)). */
#pragma once
#include <stdint.h>

/* The process, and whatever it executes, has only those of these that it had. -1 and errno. */
int keep_capabilities (uint64_t kept);
