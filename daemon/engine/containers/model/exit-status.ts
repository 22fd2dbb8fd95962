import type { ShimExit } from '../../../kernel/process/shim.ts';
import type { ExitStatus } from './phase.ts';

/** What the shim has seen, as a shell would put it. */
export function exitStatus(
  exit: ShimExit,
  values: { startedAt: number | null; oomKilled: boolean },
): ExitStatus {
  return {
    code: exit.signal === 0 ? exit.code : 128 + exit.signal,
    signal: exit.signal,
    coreDumped: exit.coreDumped,
    oomKilled: values.oomKilled,
    startedAt: values.startedAt,
    exitedAt: Number(exit.exitedAtNs / 1_000_000n),
    startError: '',
    outputCut: exit.outputCut,
    stdoutBytes: Number(exit.stdoutTotal),
    stderrBytes: Number(exit.stderrTotal),
  };
}

/** A process that never ran, or whose end nobody saw. */
export function unseenExit(code: number, startError: string, startedAt: number | null = null): ExitStatus {
  return {
    code,
    signal: 0,
    coreDumped: false,
    oomKilled: false,
    startedAt,
    exitedAt: Date.now(),
    startError,
    outputCut: false,
  };
}
