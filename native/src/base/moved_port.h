/* A port of an address that is answered at another port, so that it stays free for programs (nftables in a network namespace). */
#pragma once
#include <stdint.h>

/*
 * In the network namespace of the calling thread, packets to the port of the address (in host order), which is one of the loopback interface,
 * arrive at the other port, and those from there come from the first one. No connection is tracked for it. Returns 0 also if it was so already;
 * -1 and errno: the kernel lacks something.
 */
int move_port (uint32_t address, uint16_t port, uint16_t to);
