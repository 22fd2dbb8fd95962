/* All text in the API is UTF-8. */
#pragma once
#include <stdbool.h>

bool is_utf8 (const char *text);
