/* Takes the place of the resolver that runs. */
#pragma once

/*
 * Gets the sockets of all containers from the program that listens at the Unix socket `path`. 1: they are here, and it answers nothing new;
 * 0: there is none; -1 and errno: it does not hand them over (EALREADY: it is of the same build).
 */
int take_over (const char *path, const char *build);
