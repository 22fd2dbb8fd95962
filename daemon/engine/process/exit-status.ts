import * as v from 'valibot';
import { fields, moment, no, type Of, orNull } from '../../../common/schema.ts';
import type { ExitRecord } from '../../kernel/process/exit-record.ts';
import type { ShimExit } from '../../kernel/process/reports.ts';

/** How a process ended. Times are milliseconds since the epoch. */
export const exitSchema = fields({
  /** As a shell shows it: own code, 125 engine, 126 not executable, 127 not found, 128 + n signal. */
  code: v.number(),
  /** 0: none. */
  signal: v.number(),
  coreDumped: no,
  oomKilled: no,
  /** Null when it was never started. */
  startedAt: orNull(moment),
  exitedAt: moment,
  /** Why it could not be started; empty when it was. */
  startError: v.string(),
  /** Output was cut after the exit because another process kept it open. */
  outputCut: no,
  /** All that was written to stdout, or the terminal, and to stderr. Undefined when the end was not seen. */
  stdoutBytes: v.exactOptional(v.number()),
  stderrBytes: v.exactOptional(v.number()),
});
export interface ExitStatus extends Of<typeof exitSchema> {}

/** What a shim reported, with the exit code of a shell. `startedAt`: null when the process never started. */
export function exitStatus(exit: ShimExit, startedAt: number | null): ExitStatus {
  const { stdoutTotal, stderrTotal } = exit;
  return { ...ended(exit, startedAt), stdoutBytes: Number(stdoutTotal), stderrBytes: Number(stderrTotal) };
}

/** As exitStatus, from the record of a shim that is gone, which does not say how much output there was. */
export function recordedExit(record: ExitRecord): ExitStatus {
  return ended(record, Number(record.startedAtNs / 1_000_000n));
}

function ended(
  { code, signal, coreDumped, exitedAtNs, outputCut }: Omit<ExitRecord, 'startedAtNs'>,
  startedAt: number | null,
): ExitStatus {
  return {
    code: signal === 0 ? code : 128 + signal,
    signal,
    coreDumped,
    oomKilled: false,
    startedAt,
    exitedAt: Number(exitedAtNs / 1_000_000n),
    startError: '',
    outputCut,
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
