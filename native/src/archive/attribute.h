/* Extended attributes that archives and layers have. */
#pragma once
#include <stdbool.h>

/*
 * Capabilities, access lists and those of users. Others are left out: those of overlayfs would make it read other files, and those of
 * security modules belong to the machine.
 */
bool is_archived_attribute (const char *name);

/* Whether the open file has the attribute, with this value of one byte. -1 and errno if that cannot be told. */
int attribute_is (int fd, const char *name, char value);

/*
 * Between liker-tree and liker-unpack only: an attribute of an entry without contents, which come as a descriptor beside its headers. Its
 * value is their size, in decimal digits. No file has such an attribute: the kernel knows no namespace "liker".
 */
#define PASSED_CONTENTS "liker.contents"
