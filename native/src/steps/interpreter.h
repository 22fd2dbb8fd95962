#pragma once
#include <limits.h>
#include <stdbool.h>

/* The interpreter that the program at `path`, or its interpreter, names and that is not there. False if none is found. */
bool find_missing_interpreter (const char *path, char name[PATH_MAX]);
