import { existsSync } from 'node:fs';
import { badArgument } from '../../common/errors.ts';
import type { EgressPolicyInput } from '../../proto/gen/types/liker/v1/EgressPolicy.ts';
import type { Flag, FlagValues } from '../cli/flag.ts';
import { fileLines } from './env.ts';
import { invalidFlag } from './invalid-flag.ts';

export const egressFlag: Flag = {
  name: 'egress',
  type: 'string',
  value: 'POLICY',
  suggestions: ['all', 'none', 'allow='],
  help: 'What the container may reach: all, none, a file of rules or allow=RULE,… such as allow=example.org:443,*.debian.org,10.0.0.0/8',
};

/** Null: the flag is not given. Throws BAD_ARGUMENT. */
export function parseEgress(flags: FlagValues): EgressPolicyInput | null {
  const text = flags.text('egress');
  if (text === undefined) return null;
  if (text === 'all') return { mode: 'MODE_ALL' };
  if (text === 'none') return { mode: 'MODE_NONE' };
  if (text === '') throw invalidFlag('egress', text, 'use all, none, a file of rules or allow=RULE,…');
  const isList = text.startsWith('allow=');
  if (!isList && !existsSync(text))
    throw badArgument(
      'egress',
      `Cannot read --egress '${text}': there is no such file; a rule itself comes after allow=, as in --egress allow=10.0.0.0/8`,
    );
  const rules = isList
    ? text.slice('allow='.length).split(',')
    : fileLines(text, 'egress').map((line) => line.replace(/\s+#.*$/, ''));
  return { mode: 'MODE_ALLOW', rules: rules.map((rule) => rule.trim()).filter((rule) => rule !== '') };
}
