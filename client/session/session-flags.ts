import type { Flag, FlagValues } from '../cli/flag.ts';
import { defaultDetachKeys, parseDetachKeys } from './detach-keys.ts';

/** Flags of every command that attaches to a process. */
export const sessionFlags: readonly Flag[] = [
  {
    name: 'detach-keys',
    type: 'string',
    value: 'KEYS',
    fallback: `$LIKER_DETACH_KEYS, or ${defaultDetachKeys}`,
    help: 'Keys that leave the session; empty for none',
  },
  {
    name: 'sig-proxy',
    type: 'bool',
    fallback: 'true',
    help: 'Pass signals on to the process (without a terminal)',
  },
];

/** What the flags and LIKER_DETACH_KEYS ask of a session. Throws BAD_ARGUMENT. */
export function sessionOptions(flags: FlagValues): {
  readonly detachKeys: readonly number[];
  readonly sigProxy: boolean;
} {
  const keys = flags.text('detach-keys') ?? process.env['LIKER_DETACH_KEYS'] ?? defaultDetachKeys;
  return { detachKeys: parseDetachKeys(keys), sigProxy: flags.bool('sig-proxy', true) };
}
