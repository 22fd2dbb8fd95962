import { koffi } from './koffi.ts';

/** Number of landlock_create_ruleset(2), the same on every architecture. */
const createRuleset = 444;
/** LANDLOCK_CREATE_RULESET_VERSION. */
const askVersion = 1;

let version: number | undefined;

/** The version of the kernel's Landlock (landlock(7), "Landlock ABI versions"); 0 without it. */
export function landlockVersion(): number {
  if (version === undefined) {
    const syscall = koffi
      .load(null)
      .func('long syscall (long number, void *attr, size_t size, uint32_t flags)');
    version = Math.max(0, syscall(createRuleset, null, 0, askVersion));
  }
  return version;
}
