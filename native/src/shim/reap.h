#pragma once
#include "shim.h"

/*
 * Reaps the children that have ended. The shim is a subreaper, so orphans without a pid namespace of their own are among
 * them (T40).
 */
void reap_children (struct shim *shim);
