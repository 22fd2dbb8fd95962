/* The user and mount namespace of an ordinary user's likerd. */
#pragma once

/* Moves the calling process into new ones, in which it is root. Refuses the start if the machine does not let it. */
void enter_new_namespaces (void);
