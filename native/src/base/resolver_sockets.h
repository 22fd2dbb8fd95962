/* The sockets at which a container asks its resolver for names, and how liker-resolver gets them (resolver/control.h). */
#pragma once

/* A UDP socket and a listening TCP socket in the network namespace of the calling thread, close-on-exec. Returns 0, or -1 and errno. */
int resolver_sockets_open (int sockets[2]);

/*
 * Hands fds (the two sockets, and perhaps a pidfd, with whose end they are given up) to the resolver that listens at the Unix socket
 * `path`, as those of the container `id` (64 hexadecimal digits), and waits until it has them. Returns 0, or -1 and errno.
 */
int resolver_hand_over (const char *path, const char *id, const int *fds, unsigned count);
