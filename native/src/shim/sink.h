/*
 * The pipes of an exec that has ended, while processes that it left behind still hold them: what they write is read and dropped.
 * Without a reader, the next write would kill those processes with SIGPIPE, or block them.
 */
#pragma once
#include <stdbool.h>
#include "loop.h"

struct sink;

/* Takes over the fd of the source. If that fails, the source keeps it. */
void sink_take (struct sink **sinks, int epoll, struct source *source);
void sinks_pump (struct sink **link, int epoll);
bool sinks_busy (const struct sink *sinks);
