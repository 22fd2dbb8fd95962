import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Failure,
  type PackedArchive,
  type Report,
  reports,
  type WrittenArchive,
} from '../../daemon/kernel/archive/report.ts';

/** LIKER_PACK names another binary: the sanitized one. */
export const liker = process.env['LIKER_PACK'] ?? join(import.meta.dirname, '../build/liker-pack');

/** Paths of what liker-pack reads. */
export interface PackInput {
  readonly recipe?: string;
  readonly folder: string;
}

interface Run<Outcome> {
  readonly bytes: Buffer;
  readonly last: Report<Outcome> | undefined;
  readonly ended: SpawnSyncReturns<Buffer>;
}

function run<Outcome>(
  args: readonly string[],
  { recipe, folder }: PackInput,
  parse: (line: string) => Report<Outcome>,
): Run<Outcome> {
  const fds = [openSync(recipe ?? '/dev/null', 'r'), openSync(folder, 'r')] as const;
  const ended = spawnSync(liker, args, {
    stdio: ['ignore', 'pipe', 'pipe', ...fds, 'pipe'],
    timeout: 120_000,
    maxBuffer: 1 << 30,
  });
  for (const fd of fds) closeSync(fd);
  const lines = String(ended.output?.[5] ?? '')
    .split('\n')
    .filter(Boolean);
  return { bytes: ended.stdout, last: lines.map(parse).at(-1), ended };
}

/** The bytes, if it says that it has written all of them. */
function written<Outcome extends { readonly size: number }>({ bytes, last, ended }: Run<Outcome>): Outcome {
  if (last?.kind === 'done' && ended.status === 0 && last.outcome.size === bytes.length) return last.outcome;
  const said = `${JSON.stringify(last)}${ended.stderr}`;
  throw new Error(`${said}ended with ${ended.status ?? ended.signal}, and has written ${bytes.length} bytes`);
}

/** What `recipe` writes; throws an Error with what it said, or if the report says other digests than the bytes have. */
export function pack(
  args: readonly string[],
  input: PackInput,
): { readonly bytes: Buffer; readonly archive: PackedArchive } {
  const packing = run(args, input, reports.pack);
  const { bytes } = packing;
  const archive = written(packing);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (archive.digest !== digest) throw new Error(`${JSON.stringify(archive)}: the bytes have ${digest}`);
  return { bytes, archive };
}

/** What `diff` writes; throws an Error with what it said. */
export function packDiff(folder: string, ...options: readonly string[]): Buffer {
  const packing = run(['diff', ...options], { folder }, reports.diff);
  written(packing);
  return packing.bytes;
}

/** Why it wrote no archive. */
export function packRefusal(args: readonly string[], input: PackInput): Failure {
  const { last, ended } = run<PackedArchive | WrittenArchive>(
    args,
    input,
    args[0] === 'diff' ? reports.diff : reports.pack,
  );
  if (last?.kind !== 'failed' || ended.status !== 1)
    throw new Error(`${JSON.stringify(last)}${ended.stderr}ended with ${ended.status ?? ended.signal}`);
  return last.failure;
}
