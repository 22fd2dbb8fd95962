import { shortestPath } from '../../../../common/checks.ts';
import { badArgument } from '../../../../common/errors.ts';
import type { Landlock as ProtoLandlock } from '../../../../proto/gen/types/liker/v1/Landlock.ts';
import type { ProcessSpec as ProtoProcess } from '../../../../proto/gen/types/liker/v1/ProcessSpec.ts';
import type { Rlimit as ProtoRlimit } from '../../../../proto/gen/types/liker/v1/Rlimit.ts';
import type { TerminalSize as ProtoSize } from '../../../../proto/gen/types/liker/v1/TerminalSize.ts';
import type { AskedSpec } from '../../../engine/containers/model/spec.ts';
import type { ExecProcess, Landlock, Rlimit, TerminalSize } from '../../../engine/process/spec.ts';
import { inRange, plain } from './text.ts';

/** No limit, as the kernel has it. */
export const unlimited = String(2n ** 64n - 1n);

/** The process of an exec: empty fields mean the container's own. */
export function parseExecProcess(process: ProtoProcess | null, field: string): ExecProcess {
  if (process === null) throw badArgument(field, `Missing ${field}`);
  return {
    ...plain(process),
    cwd: process.cwd || null,
    user: process.user || null,
    terminalSize: parseTerminalSize(process.terminalSize, `${field}.terminal_size`),
    rlimits: parseRlimits(process.rlimits, `${field}.rlimits`),
    oomScoreAdj: process.oomScoreAdj ?? null,
    landlock: process.landlock && parseLandlock(process.landlock),
  };
}

/** The main process of a container: what is not set is as its image says, or has its default. */
export function parseMainProcess(process: ProtoProcess | null, field: string): AskedSpec['process'] {
  const parsed = parseExecProcess(process, field);
  return { ...parsed, cwd: parsed.cwd ?? undefined, user: parsed.user ?? undefined };
}

export function parseTerminalSize(size: ProtoSize | null, field: string): TerminalSize | null {
  if (size === null) return null;
  const part = (value: number, name: string): number => inRange(value, `${field}.${name}`, 65_535);
  return {
    columns: part(size.columns, 'columns'),
    rows: part(size.rows, 'rows'),
    xPixels: part(size.xPixels, 'x_pixels'),
    yPixels: part(size.yPixels, 'y_pixels'),
  };
}

function parseLandlock({ paths, connect, bind, bestEffort }: ProtoLandlock): Landlock {
  return {
    paths: paths.map(({ path, writable }) => ({ path: shortestPath(path) || path, writable })),
    connect: connect?.ports ?? null,
    bind: bind?.ports ?? null,
    bestEffort,
  };
}

function parseRlimits(limits: readonly ProtoRlimit[], field: string): Rlimit[] {
  return limits.map(({ name, soft, hard }, index) => ({
    name: name.toLowerCase().replace(/^rlimit_/, ''),
    soft: parseLimit(soft, `${field}[${index}].soft`),
    hard: parseLimit(hard, `${field}[${index}].hard`),
  }));
}

/** A number of JavaScript has 53 bits, so 2^64 - 1 arrives as 2^64. */
function parseLimit(limit: number, field: string): string {
  if (limit >= 2 ** 64) return unlimited;
  if (limit > Number.MAX_SAFE_INTEGER) {
    throw badArgument(
      field,
      `Invalid ${field}: use at most ${Number.MAX_SAFE_INTEGER}, or 2^64 - 1 for no limit`,
    );
  }
  return String(limit);
}
