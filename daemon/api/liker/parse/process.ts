import { badArgument } from '../../../../common/errors.ts';
import { maxArgumentBytes } from '../../../../common/sizes.ts';
import type { OnDisconnect as ProtoOnDisconnect } from '../../../../proto/gen/types/liker/v1/OnDisconnect.ts';
import type { ProcessSpec as ProtoProcess } from '../../../../proto/gen/types/liker/v1/ProcessSpec.ts';
import type { TerminalSize as ProtoSize } from '../../../../proto/gen/types/liker/v1/TerminalSize.ts';
import type { ExecProcess, OnDisconnect, ProcessSpec, TerminalSize } from '../../../engine/process/spec.ts';
import { disconnectPolicies, wordFor } from '../words.ts';
import { parseRlimits } from './rlimits.ts';
import { absolutePath, ifSet, inRange, noNul, optionalText, required } from './text.ts';

/** execve(2): a single argument or variable, and all of them; E2BIG otherwise. */
const maxStringBytes = 128 * 1024 - 1;

/** The process of an exec: empty fields mean the container's own. */
export function parseExecProcess(process: ProtoProcess | null, field: string): ExecProcess {
  if (process === null) throw badArgument(field, `Missing ${field}`);
  checkSize([...process.args, ...process.env], field);
  return {
    args: parseArgs(process.args, `${field}.args`),
    env: parseEnv(process.env, `${field}.env`),
    cwd: process.cwd === '' ? null : absolutePath(process.cwd, `${field}.cwd`),
    user: parseUser(process.user, `${field}.user`),
    additionalGroups: process.additionalGroups.map((group, index) =>
      parseGroup(group, `${field}.additional_groups[${index}]`),
    ),
    tty: process.tty,
    openStdin: process.openStdin,
    terminalSize: parseTerminalSize(process.terminalSize, `${field}.terminal_size`),
    noNewPrivileges: process.noNewPrivileges,
    rlimits: parseRlimits(process.rlimits, `${field}.rlimits`),
    privileged: process.privileged,
    oomScoreAdj: ifSet(process.oomScoreAdj, (value) => inRange(value, -1000, 1000, `${field}.oom_score_adj`)),
  };
}

/** The main process of a container, complete. */
export function parseMainProcess(process: ProtoProcess | null, field: string): ProcessSpec {
  const parsed = parseExecProcess(process, field);
  return { ...parsed, cwd: parsed.cwd ?? '/', user: parsed.user ?? '' };
}

export function parseArgs(args: readonly string[], field: string): string[] {
  if (args.length === 0) throw badArgument(field, `Missing ${field}: give the program to execute`);
  required(args[0] ?? '', `${field}[0]`);
  return args.map((arg, index) => noNul(arg, `${field}[${index}]`));
}

/** Messages name the variable, never its value, which may be a secret. */
function parseEnv(env: readonly string[], field: string): string[] {
  return env.map((variable, index) => {
    const path = `${field}[${index}]`;
    if (variable.indexOf('=') < 1) throw badArgument(path, `Invalid ${path}: it must be NAME=VALUE`);
    return noNul(variable, path);
  });
}

function checkSize(strings: readonly string[], field: string): void {
  let total = 0;
  for (const text of strings) {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxStringBytes) {
      throw badArgument(
        field,
        `Invalid ${field}: an argument or variable of ${bytes} bytes; the kernel takes 131071`,
      );
    }
    total += bytes + 1 + 8;
  }
  if (total > maxArgumentBytes) {
    throw badArgument(
      field,
      `Invalid ${field}: arguments and environment take more than 6 MiB, the kernel's bound`,
    );
  }
}

/** USER[:GROUP], either of which may be empty; only inside the container is it known whether they exist. */
function parseUser(user: string, field: string): string | null {
  if (!/^[^:\0\n]*(:[^:\0\n]*)?$/.test(user)) {
    throw badArgument(field, `Invalid ${field} '${user}': use USER or USER:GROUP, names or numbers`);
  }
  return optionalText(user, field);
}

function parseGroup(group: string, field: string): string {
  if (!/^[^:,\0\n]+$/.test(group))
    throw badArgument(field, `Invalid ${field} '${group}': use a name or a number`);
  return group;
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
