/* Questions by TCP. */
#pragma once
#include "container.h"

/* Accepts connections of the container's socket from now on. -1 and errno. */
int connections_begin (struct container *container, int fd);
void connections_close (struct container *container);
