#pragma once
#include <stdbool.h>

/* Whether the words after the program's name begin with a command that Bun runs. */
bool is_short_command (char **words);
