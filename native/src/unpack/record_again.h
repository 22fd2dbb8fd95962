/*
 * A second reading of the archive, for its recipe alone. It is needed when entries have taken the places of others: then the recipe of the
 * first reading names contents that are gone. This one names what the layer has now, and everything else is in it as bytes.
 */
#pragma once
#include "source.h"
#include "recorder.h"

/* `read` is the source, which is complete; `root` the folder of the layer. The recorder begins again. */
int record_again (struct recorder *recorder, const struct source *read, int root);
