/* The size of the terminal that shows the output. */
#pragma once
#include "buffer.h"
#include <stdbool.h>
#include <sys/ioctl.h>

/* False: there is none, or it does not know. In pixels it is the size of stdin's terminal. */
bool terminal_size (struct winsize *size);
/* The fields of a TerminalSize. */
void put_terminal_size (struct buffer *out, const struct winsize *size);
