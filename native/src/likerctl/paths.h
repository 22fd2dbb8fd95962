/* Paths as the TypeScript client would write them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* An absolute path without empty parts, . and .. */
bool is_clean_path (const char *path, size_t length);
