import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A collection of the young generation takes a millisecond. */
const between = 8 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
let passed = 0;

/**
 * Tells of bytes that were received and passed on, and that nobody has any more. Their buffers are outside the heap, where V8 hardly
 * counts them: a hundred mebibytes would lie there between two collections.
 */
export function leaveBehind(bytes: number): void {
  passed += bytes;
  if (passed < between) return;
  passed = 0;
  collect({ type: 'minor' });
}
