/* Tells what happens to a file, or in a folder. */
#pragma once
#include "problem.h"

/*
 * Writes a line of JSON for each event: "ready" once the watch stands, and again when events were lost; "change" of what is in a file, or of its
 * metadata; "rename" of a name that came, went or was moved. An event of what is watched itself has its name. A link at the path is followed.
 * Returns, with a problem, only when nothing can be watched any more.
 */
int watch (int root, int own_files, const char *path, int out, struct problem *problem);
