import { readFileSync } from 'node:fs';

/** A new id for a call that changes something. From the kernel, since node:crypto takes longer to load than a short command runs. */
export function newRequestId(): string {
  return readFileSync('/proc/sys/kernel/random/uuid', 'latin1').trimEnd();
}
