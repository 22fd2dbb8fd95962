import { checkAbsolute, checkRange, checkTexts } from '../../../../common/checks.ts';
import { badArgument, invalid } from '../../../../common/errors.ts';
import { maxArgumentBytes } from '../../../../common/sizes.ts';
import { checkRlimit } from '../../../kernel/security/rlimits.ts';
import type { ExecProcess } from '../../process/spec.ts';
import { checkLandlock } from './security.ts';

/** execve(2): a single argument or variable, and all of them; E2BIG otherwise. */
const maxStringBytes = 128 * 1024 - 1;
/** 2^32 - 1 means "none" to the kernel. */
const greatestId = 0xffff_fffe;

/** A process of an exec. */
export function checkExec(process: ExecProcess): void {
  checkTexts(process, 'process');
  checkProcess(process, 'process');
}

/** Throws BAD_ARGUMENT, below `field`, for a process that cannot be. */
export function checkProcess(process: ExecProcess, field: string): void {
  checkSize([...process.args, ...process.env], field);
  checkArgs(process.args, `${field}.args`);
  const envField = `${field}.env`;
  for (const [index, variable] of process.env.entries()) {
    const path = `${envField}[${index}]`;
    // The value may be a secret.
    if (variable.indexOf('=') < 1) throw badArgument(path, `Invalid ${path}: it must be NAME=VALUE`);
  }
  if (process.cwd !== null) checkAbsolute(process.cwd, `${field}.cwd`);
  if (process.user !== null) checkUser(process.user, `${field}.user`);
  for (const [index, group] of process.additionalGroups.entries())
    checkGroup(group, `${field}.additional_groups[${index}]`);
  const limits = new Set<string>();
  for (const [index, limit] of process.rlimits.entries()) {
    const path = `${field}.rlimits[${index}]`;
    checkRlimit(limit, path);
    if (limits.has(limit.name))
      throw badArgument(`${path}.name`, `Duplicate limit '${limit.name}': give it once`);
    limits.add(limit.name);
  }
  if (process.landlock !== null) checkLandlock(process.landlock, `${field}.landlock`);
  if (process.oomScoreAdj !== null) checkRange(process.oomScoreAdj, [-1000, 1000], `${field}.oom_score_adj`);
}

export function checkArgs(args: readonly string[], field: string): void {
  if (args.length === 0) throw badArgument(field, `Missing ${field}: give the program to execute`);
  if (args[0] === '') throw badArgument(`${field}[0]`, `Missing ${field}[0]`);
}

function checkSize(strings: readonly string[], field: string): void {
  let total = 0;
  for (const text of strings) {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxStringBytes) {
      throw badArgument(
        field,
        `Invalid ${field}: an argument or variable has ${bytes} bytes; the kernel accepts at most ${maxStringBytes}`,
      );
    }
    total += bytes + 1 + 8;
  }
  if (total > maxArgumentBytes) {
    throw badArgument(
      field,
      `Invalid ${field}: arguments and environment take more than 6 MiB, the kernel's limit`,
    );
  }
}

/** USER[:GROUP], either of which may be empty; only inside the container is it known whether they exist. */
function checkUser(user: string, field: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not get near a line-based file
  if (!/^[^:\x00-\x1f\x7f]*(:[^:\x00-\x1f\x7f]*)?$/.test(user))
    throw invalid(field, user, 'use USER or USER:GROUP, names or numbers');
  for (const name of user.split(':')) checkId(name, field);
}

function checkGroup(group: string, field: string): void {
  if (!/^[^:,\n]+$/.test(group)) throw invalid(field, group, 'use a name or a number');
  checkId(group, field);
}

function checkId(name: string, field: string): void {
  if (/^-?\d+$/.test(name) && !(/^\d{1,10}$/.test(name) && Number(name) <= greatestId))
    throw badArgument(field, `Invalid ${field} '${name}': give an id from 0 to ${greatestId}`);
}
