/*
 * The guard: a process with CAP_NET_ADMIN and nothing else, which puts addresses into the sets of the likerd's table that are named granted….
 * Packets that the table denies and logs it hands on unread.
 */
#pragma once
#include <stdint.h>

/* Serves the socket, and hears of the group if it is not 0, until its other end is closed, and does not return. */
_Noreturn void guard_process (int socket, const char *table, uint16_t group);
