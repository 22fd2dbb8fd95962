// A burst of starting processes competes with the event loop for the CPU, and every client waits for the loop.
// Limiting the burst costs no throughput.
import { availableParallelism } from 'node:os';
import { Semaphore } from './semaphore.ts';

export const atOnce = 2 * availableParallelism();

/** Held from the spawn of a shim until its container has started. */
export const starts = new Semaphore(atOnce, { longestMs: 100 });
/** Held from the spawn of a shim that lists processes until it has answered: a thousand calls must not be a thousand processes. */
export const listings = new Semaphore(atOnce, { longestMs: 10_000 });
