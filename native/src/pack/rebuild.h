/* The archive of a layer again, from its recipe and its folder. */
#pragma once
#include "sink.h"

/* `recipe` and `folder` are fds. */
int rebuild (struct sink *sink, int recipe, int folder);
