/* Extended attributes that archives and layers have. */
#pragma once
#include <stdbool.h>

/*
 * Capabilities, access lists and those of users. Others are left out: those of overlayfs would make it read other files, and those of
 * security modules belong to the machine.
 */
bool is_archived_attribute (const char *name);
