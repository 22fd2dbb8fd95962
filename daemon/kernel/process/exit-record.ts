import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ShimExit } from './reports.ts';

/** A shim's record of how the main process ended. */
export interface ExitRecord extends Omit<ShimExit, 'stdoutTotal' | 'stderrTotal'> {
  readonly startedAtNs: bigint;
}

/** Reads RUN/exit.0 (native/include/protocol.h); null if there is none. */
export function readExitRecord(runDir: string): ExitRecord | null {
  let text: string;
  try {
    text = readFileSync(join(runDir, 'exit.0'), 'utf8');
  } catch {
    return null;
  }
  const values = new Map(text.split('\n').map((line) => line.split('=', 2) as [string, string]));
  const value = (key: string) => values.get(key) ?? '0';
  return {
    code: Number(value('code')),
    signal: Number(value('signal')),
    coreDumped: value('core') !== '0',
    startedAtNs: BigInt(value('started_at')),
    exitedAtNs: BigInt(value('exited_at')),
    outputCut: value('cut') !== '0',
  };
}
