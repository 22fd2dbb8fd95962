import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Failure,
  type PackedArchive,
  type Report,
  reports,
} from '../../daemon/kernel/archive/report.ts';

/** LIKER_PACK names another binary: the sanitized one. */
export const liker = process.env['LIKER_PACK'] ?? join(import.meta.dirname, '../build/liker-pack');

/** Paths of what liker-pack reads. */
export interface PackInput {
  readonly recipe?: string;
  /** For `diff` the upper folder. */
  readonly folder: string;
}

interface Run {
  readonly bytes: Buffer;
  readonly reports: Report<PackedArchive>[];
  readonly ended: SpawnSyncReturns<Buffer>;
}

function run(args: readonly string[], { recipe, folder }: PackInput): Run {
  const fds = [openSync(recipe ?? '/dev/null', 'r'), openSync(folder, 'r')] as const;
  const ended = spawnSync(liker, args, {
    stdio: ['ignore', 'pipe', 'pipe', ...fds, 'pipe'],
    timeout: 120_000,
    maxBuffer: 1 << 30,
  });
  for (const fd of fds) closeSync(fd);
  const report = String(ended.output?.[5] ?? '');
  return {
    bytes: ended.stdout,
    reports: report.split('\n').filter(Boolean).map(reports.pack),
    ended,
  };
}

/** What liker-pack writes; throws an Error with what it said, or if the report says other digests than the bytes have. */
export function pack(
  args: readonly string[],
  input: PackInput,
): { readonly bytes: Buffer; readonly archive: PackedArchive } {
  const { bytes, reports, ended } = run(args, input);
  const last = reports.at(-1);
  const said = JSON.stringify(last);
  if (last?.kind !== 'done' || ended.status !== 0)
    throw new Error(`${said}${ended.stderr}ended with ${ended.status ?? ended.signal}`);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (last.outcome.digest !== digest || last.outcome.size !== bytes.length)
    throw new Error(`${said}: it has written ${bytes.length} bytes with ${digest}`);
  return { bytes, archive: last.outcome };
}

/** Why it wrote no archive. */
export function packRefusal(args: readonly string[], input: PackInput): Failure {
  const { reports, ended } = run(args, input);
  const last = reports.at(-1);
  if (last?.kind !== 'failed' || ended.status !== 1)
    throw new Error(`${JSON.stringify(last)}${ended.stderr}ended with ${ended.status ?? ended.signal}`);
  return last.failure;
}
