import { badArgument } from '../../../../common/errors.ts';
import type { OnDisconnect as ProtoOnDisconnect } from '../../../../proto/gen/types/liker/v1/OnDisconnect.ts';
import type { ProcessSpec as ProtoProcess } from '../../../../proto/gen/types/liker/v1/ProcessSpec.ts';
import type { TerminalSize as ProtoSize } from '../../../../proto/gen/types/liker/v1/TerminalSize.ts';
import type { ExecProcess, OnDisconnect, ProcessSpec, TerminalSize } from '../../../engine/process/spec.ts';
import { disconnectPolicies, wordFor } from '../words.ts';
import { parseRlimits } from './rlimits.ts';
import { inRange, plain } from './text.ts';

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
  };
}

/** The main process of a container, complete. */
export function parseMainProcess(process: ProtoProcess | null, field: string): ProcessSpec {
  const parsed = parseExecProcess(process, field);
  return { ...parsed, cwd: parsed.cwd ?? '/', user: parsed.user ?? '' };
}

export function parseTerminalSize(size: ProtoSize | null, field: string): TerminalSize | null {
  if (size === null) return null;
  const part = (value: number, name: string): number => inRange(value, 0, 65_535, `${field}.${name}`);
  return {
    columns: part(size.columns, 'columns'),
    rows: part(size.rows, 'rows'),
    xPixels: part(size.xPixels, 'x_pixels'),
    yPixels: part(size.yPixels, 'y_pixels'),
  };
}

/** `unspecified` is the default of the call. */
export function parseOnDisconnect(
  policy: ProtoOnDisconnect,
  field: string,
  unspecified: OnDisconnect,
): OnDisconnect {
  return wordFor(disconnectPolicies, policy, field) ?? unspecified;
}
