import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ShimExit } from './reports.ts';

/** A shim's record of how the main process ended. */
export interface ExitRecord extends Omit<ShimExit, 'stdoutTotal' | 'stderrTotal'> {
  readonly startedAtNs: bigint;
}

/**
 * Reads RUN/exit.0 (native/include/protocol.h); null if there is none, or none that is whole: without fsync a loss of power may
 * leave a part of it, or nothing, and that is no exit with code 0.
 */
export function readExitRecord(runDir: string): ExitRecord | null {
  let text: string;
  try {
    text = readFileSync(join(runDir, 'exit.0'), 'latin1');
  } catch {
    return null;
  }
  const values = new Map([...text.matchAll(/^(\w+)=(\d{1,20})\n/gm)].map(([, key, digits]) => [key, digits]));
  const value = (key: string) => values.get(key) ?? '0';
  // The last line is the end of the others, too.
  if (!values.has('code') || !/\nstarted_at=\d{1,20}\n$/.test(text)) return null;
  return {
    code: Number(value('code')),
    signal: Number(value('signal')),
    coreDumped: value('core') !== '0',
    startedAtNs: BigInt(value('started_at')),
    exitedAtNs: BigInt(value('exited_at')),
    outputCut: value('cut') !== '0',
  };
}
