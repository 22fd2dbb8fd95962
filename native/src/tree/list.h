/* What is in a folder. */
#pragma once
#include <stdbool.h>
#include "problem.h"

/*
 * Writes a line of JSON for each entry of the folder, in the order of their names; `recursive`: with what is in each folder after it, under its
 * path from the first one on. Links in it are not followed. What is removed meanwhile is left out.
 */
int list (int root, const char *path, bool recursive, int out, struct problem *problem);
