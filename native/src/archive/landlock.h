/* Landlock (landlock(7)). */
#pragma once
#include <stdbool.h>

/* The process can open and change only what is below the folder, where the kernel can say so. -1 and errno. */
int confine_to_folder (int folder, bool may_write);
