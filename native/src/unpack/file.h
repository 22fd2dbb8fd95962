/* Regular files. */
#pragma once
#include "place.h"

int add_file (struct tree *tree, const struct entry *entry, const struct place *place);
