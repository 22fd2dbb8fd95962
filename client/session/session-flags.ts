import type { Flag, FlagValues } from '../cli/flag.ts';
import { defaultDetachKeys, parseDetachKeys } from './detach-keys.ts';

/** Flags of every command that attaches to a process. */
export const sessionFlags: readonly Flag[] = [
  {
    name: 'detach-keys',
    type: 'string',
    value: 'KEYS',
    fallback: `$LIKER_DETACH_KEYS, or ${defaultDetachKeys}`,
    help: 'Keys that detach from the session; empty for none',
  },
  {
    name: 'sig-proxy',
    type: 'bool',
    fallback: 'true',
    help: 'Forward signals to the process (without a terminal)',
  },
];

/** The options of a session from its flags and LIKER_DETACH_KEYS. Throws BAD_ARGUMENT. */
export function sessionOptions(flags: FlagValues): {
  readonly detachKeys: readonly number[];
  readonly sigProxy: boolean;
} {
  const keys = flags.text('detach-keys') ?? process.env['LIKER_DETACH_KEYS'] ?? defaultDetachKeys;
  return { detachKeys: parseDetachKeys(keys), sigProxy: flags.bool('sig-proxy', true) };
}
