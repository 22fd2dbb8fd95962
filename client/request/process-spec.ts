import { own } from '../../common/own.ts';
import type { OnDisconnect } from '../../proto/gen/types/liker/v1/OnDisconnect.ts';
import type { ProcessSpecInput } from '../../proto/gen/types/liker/v1/ProcessSpec.ts';
import type { TerminalSizeInput } from '../../proto/gen/types/liker/v1/TerminalSize.ts';
import type { Flag, FlagValues } from '../cli/flag.ts';
import { defined } from './defined.ts';
import { collectEnv } from './env.ts';
import { landlockFlag, parseLandlock } from './landlock.ts';
import { parseNoNewPrivileges } from './security.ts';
import { parseUlimit } from './ulimit.ts';

const onDisconnects: Readonly<Record<string, OnDisconnect>> = {
  keep: 'ON_DISCONNECT_KEEP',
  hangup: 'ON_DISCONNECT_HANGUP',
  kill: 'ON_DISCONNECT_KILL',
};

/** The flags that run, create and exec share. */
export const processFlags = (onDisconnect: string): readonly Flag[] => [
  {
    name: 'env',
    short: 'e',
    type: 'list',
    value: 'NAME[=VALUE]',
    help: "Set a variable; NAME alone takes its value from likerctl's environment",
  },
  { name: 'env-file', type: 'list', value: 'FILE', help: 'Read variables from a file' },
  { name: 'interactive', short: 'i', type: 'bool', help: 'Keep stdin open' },
  {
    name: 'on-disconnect',
    type: 'string',
    choices: Object.keys(onDisconnects),
    value: 'WHAT',
    fallback: onDisconnect,
    help: 'What to do with the process when its client disconnects: keep, hangup or kill',
  },
  landlockFlag,
  { name: 'tty', short: 't', type: 'bool', help: 'Give the process a terminal' },
  { name: 'user', short: 'u', type: 'string', value: 'USER[:GROUP]', help: 'User, by name or number' },
];

/** The process that the flags of run, create or exec describe. Throws BAD_ARGUMENT. */
export function parseProcess(
  flags: FlagValues,
  args: readonly string[],
  terminalSize: TerminalSizeInput | undefined,
): ProcessSpecInput {
  const tty = flags.bool('tty');
  return {
    args: [...args],
    env: collectEnv(flags.list('env-file'), flags.list('env')),
    cwd: flags.text('workdir') ?? '',
    user: flags.text('user') ?? '',
    additionalGroups: [...flags.list('group-add')],
    tty,
    openStdin: flags.bool('interactive'),
    terminalSize: tty ? (terminalSize ?? null) : null,
    noNewPrivileges: parseNoNewPrivileges(flags.list('security-opt')),
    rlimits: flags.list('ulimit').map(parseUlimit),
    privileged: flags.bool('privileged'),
    landlock: parseLandlock(flags.list('landlock')),
    ...defined({ oomScoreAdj: flags.int('oom-score-adj') }),
  };
}

export function parseOnDisconnect(flags: FlagValues): OnDisconnect {
  return own(onDisconnects, flags.text('on-disconnect') ?? '') ?? 'ON_DISCONNECT_UNSPECIFIED';
}
