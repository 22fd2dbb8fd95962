/* Who sends requests (control.h): likerd, as long as it runs, and a shim, at each start of a container. */
#pragma once
#include <stdbool.h>

/* Takes sessions at the listening socket, which does not block. `build` is told to those who ask. `lock` is closed when another program takes over. */
int sessions_begin (int listener, int lock, const char *build);

/* Nothing is left to do: there is no container, and nobody who might bring one; or another program has taken over, and what was asked before is answered. */
bool sessions_are_over (void);
