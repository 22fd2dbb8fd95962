/* The function of each step. A file in this folder defines some of them; steps.c has the table. */
#pragma once
#include "child.h"

#define STEP(kind, name) int step_##name (struct child *child, struct cursor *fields);
#include "include/steps.def"
#undef STEP
