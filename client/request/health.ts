import { badArgument } from '../../common/errors.ts';
import { parseDuration } from '../../common/units.ts';
import type { HealthCheckInput } from '../../proto/gen/types/liker/v1/HealthCheck.ts';
import type { RootfsInput } from '../../proto/gen/types/liker/v1/Rootfs.ts';
import type { Flag, FlagValues } from '../cli/flag.ts';
import { invalidFlag } from './invalid-flag.ts';

const actions = {
  none: 'ON_FAILURE_NONE',
  kill: 'ON_FAILURE_KILL',
  restart: 'ON_FAILURE_RESTART',
  stop: 'ON_FAILURE_STOP',
} as const;

export const healthFlags: readonly Flag[] = [
  {
    name: 'health-cmd',
    type: 'string',
    value: 'COMMAND',
    help: 'Health probe: a command line for /bin/sh, or \'["PROGRAM","ARG"]\'',
  },
  {
    name: 'health-interval',
    type: 'string',
    value: 'TIME',
    fallback: '30s',
    help: 'Time from the end of a probe to the next probe',
  },
  {
    name: 'health-on-failure',
    type: 'string',
    choices: Object.keys(actions),
    value: 'WHAT',
    fallback: 'none',
    help: 'What to do when the container becomes unhealthy: none, kill, restart or stop',
  },
  {
    name: 'health-retries',
    type: 'int',
    value: 'N',
    fallback: '3',
    help: 'Consecutive failures that make the container unhealthy',
  },
  {
    name: 'health-start-interval',
    type: 'string',
    value: 'TIME',
    fallback: '5s',
    help: 'Time between probes during the start period',
  },
  {
    name: 'health-start-period',
    type: 'string',
    value: 'TIME',
    fallback: '0s',
    help: 'Time after the start during which failures do not count',
  },
  {
    name: 'health-timeout',
    type: 'string',
    value: 'TIME',
    fallback: '30s',
    help: 'Time after which a probe is killed and counts as failed',
  },
  { name: 'no-healthcheck', type: 'bool', help: 'Run no health check' },
];

/** The health check; null for the image's, or none. Throws BAD_ARGUMENT. */
export function parseHealthCheck(flags: FlagValues, { image }: RootfsInput): HealthCheckInput | null {
  const given = healthFlags.find(({ name }) => name.startsWith('health-') && isGiven(flags, name))?.name;
  if (flags.bool('no-healthcheck') && given !== undefined) {
    throw badArgument('no-healthcheck', `Cannot use --no-healthcheck together with --${given}`);
  }
  const none = image === undefined ? null : { none: true };
  if (flags.bool('no-healthcheck')) return none;
  if (given === undefined) return null;
  const command = flags.text('health-cmd') ?? '';
  const isOfImage = command === '' && !flags.has('health-cmd');
  if (isOfImage && image === undefined) {
    throw badArgument(given, `Cannot use --${given} without --health-cmd: there is no probe to run`);
  }
  if (command === 'none') return none;
  // An empty --health-cmd "$COMMAND" means no health check.
  if (command === '' && !isOfImage) return null;
  return {
    ...(isOfImage ? {} : parseCommand(command)),
    intervalMs: milliseconds(flags, 'health-interval'),
    timeoutMs: milliseconds(flags, 'health-timeout'),
    retries: parseRetries(flags),
    startPeriodMs: milliseconds(flags, 'health-start-period'),
    startIntervalMs: milliseconds(flags, 'health-start-interval'),
    onFailure: actions[(flags.text('health-on-failure') ?? 'none') as keyof typeof actions],
  };
}

/** True if the flag has a value other than 0 or an empty text, which stand for the default. */
function isGiven(flags: FlagValues, name: string): boolean {
  return !/^(0[a-z]*)?$/.test(flags.text(name) ?? '');
}

/** A JSON list is executed as it is, also with the leading CMD or CMD-SHELL that inspect prints; other text is for the shell. */
function parseCommand(text: string): Pick<HealthCheckInput, 'shell' | 'args'> {
  const [first = '', ...rest] = jsonList(text) ?? ['CMD-SHELL', text];
  if (first === 'CMD-SHELL') return { shell: rest.join(' ') };
  return { args: first === 'CMD' ? rest : [first, ...rest] };
}

/** The words of a JSON list; null for a shell command such as [ -f /ready ]. */
function jsonList(text: string): string[] | null {
  try {
    const list: unknown = JSON.parse(text);
    const isCommand =
      Array.isArray(list) && list.length > 0 && list.every((word) => typeof word === 'string');
    return isCommand ? list : null;
  } catch {
    return null;
  }
}

/** A duration in milliseconds; 0, the default, stands for the daemon's own default. */
function milliseconds(flags: FlagValues, name: string): number {
  const text = flags.text(name) ?? '0';
  const ms = parseDuration(text, `--${name}`);
  if (ms > 0 && ms < 1) throw invalidFlag(name, text, 'the minimum is 1ms');
  if (ms > 2 ** 31 - 1) throw invalidFlag(name, text, 'the maximum is 24 days');
  return Math.round(ms);
}

function parseRetries(flags: FlagValues): number {
  const retries = flags.int('health-retries') ?? 0;
  if (retries >= 0 && retries < 2 ** 32) return retries;
  throw invalidFlag('health-retries', retries, 'give a number such as 3');
}
