/* If execve says ENOENT for a file that exists, the interpreter of the script or ELF program is missing. */
#pragma once
#include <limits.h>
#include <stdbool.h>

/* Writes the path of the interpreter that the program at `path`, or its interpreter, needs but lacks. False if none is missing. */
bool find_missing_interpreter (const char *path, char name[PATH_MAX]);
