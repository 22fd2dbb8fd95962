/* What likerd and likerctl read: lines of JSON. */
#pragma once
#include <stdint.h>
#include <sys/stat.h>
#include "problem.h"

void report_tree_problem (int out, const struct problem *problem);

/* Of the whole archive. */
void report_tree_packed (int out, uint64_t bytes, uint64_t entries);

/* `target`: of a link, or NULL. */
void report_stat (int out, const struct stat *st, const char *target);
