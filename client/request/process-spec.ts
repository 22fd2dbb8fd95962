import { own } from '../../common/own.ts';
import type { OnDisconnect } from '../../proto/gen/types/liker/v1/OnDisconnect.ts';
import type { ProcessSpecInput } from '../../proto/gen/types/liker/v1/ProcessSpec.ts';
import type { TerminalSizeInput } from '../../proto/gen/types/liker/v1/TerminalSize.ts';
import type { FlagValues } from '../cli/flag.ts';
import { collectEnv } from './env.ts';
import { defined } from './resources.ts';
import { parseSecurityOptions } from './security.ts';
import { parseUlimit } from './ulimit.ts';

/** The process that the flags of run, create or exec describe. */
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
    noNewPrivileges: parseSecurityOptions(flags.list('security-opt')).noNewPrivileges,
    rlimits: flags.list('ulimit').map(parseUlimit),
    privileged: flags.bool('privileged'),
    ...defined({ oomScoreAdj: flags.int('oom-score-adj') }),
  };
}

const onDisconnects: Readonly<Record<string, OnDisconnect>> = {
  keep: 'ON_DISCONNECT_KEEP',
  hangup: 'ON_DISCONNECT_HANGUP',
  kill: 'ON_DISCONNECT_KILL',
};

export function parseOnDisconnect(flags: FlagValues): OnDisconnect {
  return own(onDisconnects, flags.text('on-disconnect') ?? '') ?? 'ON_DISCONNECT_UNSPECIFIED';
}
