/* Standard input of a process: a bounded queue before the pipe or the terminal, and the progress of each client's session. */
#pragma once
#include "shim.h"

/* Bytes from a client. If they leave a gap or exceed the queue, they are refused: only that session fails. */
void input_take (struct shim *shim, struct process *process, uint64_t id, uint64_t offset,
                 const uint8_t *data, size_t size);

/* The end of the input, after all that is queued. */
void input_close (struct process *process);

/* How much of the session's input was written to the process; NO_BOUND if it reads no more. */
uint64_t input_written (struct process *process, uint64_t id);

/* Sends the daemon an acknowledgement for the session at once. */
void input_answer (struct shim *shim, struct process *process, uint64_t id);

/* Writes the queue as far as the process reads it. */
void input_pump (struct shim *shim, struct process *process);

/* The process will read no more: drops the queue, and sends every session its last acknowledgement. */
void input_end (struct shim *shim, struct process *process);
