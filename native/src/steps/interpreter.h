#pragma once
#include <limits.h>
#include <stdbool.h>

/* The missing interpreter that the program at `path`, or its interpreter, names. False if none is missing. */
bool find_missing_interpreter (const char *path, char name[PATH_MAX]);
