/* Symbolic links, devices, named pipes and sockets. */
#pragma once
#include "place.h"

int add_node (struct tree *tree, const struct entry *entry, const struct place *place);
