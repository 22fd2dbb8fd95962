/* Leaves the command line, or the rest of its session, to the TypeScript client. */
#pragma once

struct handed_over;

/* At the start: where the other programs are, and the command line that they get. */
void leave_prepare (char **arguments);

/* Executes the client on Node.js. NULL: there is nothing to hand over. */
_Noreturn void leave (const struct handed_over *state);

/* Executes the client that Bun has compiled, which only some commands can use. Returns if it cannot be executed. */
void leave_to_bun (void);
