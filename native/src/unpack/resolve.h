/* The recipe of a layer in which entries have taken the places of others. */
#pragma once
#include "aside.h"
#include "recorder.h"

/*
 * Writes the recipe again: contents of what was set aside are in it as bytes. The recorder has ended; its file is open for reading, too. `root`
 * is the folder of the layer.
 */
int resolve_recipe (struct recorder *recorder, const struct aside *aside, int root);
