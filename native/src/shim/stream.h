/* Reads the outputs of processes into their rings, and those of the main process into the log. */
#pragma once
#include "shim.h"

/* How many bytes may be read now: up to the limit, and without overwriting bytes that the daemon or a client does not have yet. */
uint64_t stream_room (const struct shim *shim, const struct process *process, const struct stream *stream);

/* Reads what is there, up to a turn's worth. */
void stream_pump (struct shim *shim, struct process *process, struct stream *stream);
