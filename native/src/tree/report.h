/* What likerd and likerctl read: lines of JSON. */
#pragma once
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>
#include "problem.h"

void report_tree_problem (int out, const struct problem *problem);

/* Of the whole archive. */
void report_tree_packed (int out, uint64_t bytes, uint64_t entries);

#define STAT_LINE (6 * PATH_MAX + 512)
/* A path, which may have another name at its end. */
#define ENTRY_LINE (STAT_LINE + 6 * (PATH_MAX + NAME_MAX))

/* Where an O_PATH fd of a symbolic link leads; empty for anything else. -1 and errno. */
int read_target (int node, const struct stat *st, char target[PATH_MAX]);

void report_stat (int out, const struct stat *st, const char *target);

/* The line of an entry of a folder, and a NUL; returns the end. */
char *put_entry (char line[ENTRY_LINE], const char *name, const struct stat *st, const char *target);
