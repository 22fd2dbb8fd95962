/* Hard links. */
#pragma once
#include "place.h"

int add_hard_link (struct tree *tree, const struct entry *entry, const struct place *place);

/* Makes those whose targets came after them. */
int add_late_links (struct tree *tree);
