/* Questions by UDP. */
#pragma once
#include "container.h"

/* Reads the container's socket from now on. -1 and errno. */
int datagrams_begin (struct container *container, int fd);
