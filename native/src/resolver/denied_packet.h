/* A packet that the firewall has denied. */
#pragma once
#include <stddef.h>

/* The interface is that of a container's policy. */
void denied_packet (const char *interface, const unsigned char *bytes, size_t size);
