/* The size of the terminal that shows the output. */
#pragma once
#include <stdbool.h>
#include <sys/ioctl.h>

/* False: there is none, or it does not know. In pixels it is the size of stdin's terminal. */
bool terminal_size (struct winsize *size);
