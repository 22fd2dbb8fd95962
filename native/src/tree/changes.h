/* What the upper folder of an overlay changes of the folders below it. */
#pragma once
#include <stddef.h>
#include "problem.h"

/*
 * Writes "A", "C" or "D" and the path, from "/" on, of each entry that was added, changed or deleted, each with a NUL; parents first, by
 * name. `lowers` are open folders, the uppermost first.
 */
int put_changes_of (int upper, const int *lowers, size_t count, int out, struct problem *problem);
