import { own } from '../../common/own.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { Flag } from '../cli/flag.ts';
import { invalidFlag } from './invalid-flag.ts';

type Restart = NonNullable<ContainerSpecInput['restart']>;

export const restartFlag: Flag = {
  name: 'restart',
  type: 'string',
  value: 'POLICY',
  help: 'When to restart the container after it ends: no, on-failure[:N], always or unless-stopped',
};

const names: Readonly<Record<string, Restart['name'] & string>> = {
  no: 'NAME_NO',
  'on-failure': 'NAME_ON_FAILURE',
  always: 'NAME_ALWAYS',
  'unless-stopped': 'NAME_UNLESS_STOPPED',
};

/** Parses no, on-failure[:N], always or unless-stopped. Throws BAD_ARGUMENT. */
export function parseRestart(text: string): Restart {
  const [, policy = '', retries] = /^([a-z-]+)(?::(\d{1,9}))?$/.exec(text) ?? [];
  const name = own(names, policy);
  if (name === undefined)
    throw invalidFlag('restart', text, 'use no, on-failure[:N], always or unless-stopped');
  return { name, maxRetries: Number(retries ?? 0) };
}
