/* An IP address. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
  uint8_t size; /* 4 or 16 */
  uint8_t bytes[16];
};

bool address_is_same (const struct address *one, const struct address *other);

/*
 * It stands for this machine, for whoever is on the same link, or for many: 0/8, 127/8, 169.254/16, 224/3; ::, ::1, fe80::/10, ff00::/8,
 * and IPv4 addresses in the form of IPv6.
 */
bool address_is_special (const struct address *address);
