import { readFileSync } from 'node:fs';
import { badArgument, LikerError } from '../../../common/errors.ts';
import { capabilitiesOnHost, capability } from './capabilities.ts';

/** The names in the order of their numbers (asm-generic/resource.h), in lower case without RLIMIT_. */
export const rlimitNames = [
  'cpu',
  'fsize',
  'data',
  'stack',
  'core',
  'rss',
  'nproc',
  'nofile',
  'memlock',
  'as',
  'locks',
  'sigpending',
  'msgqueue',
  'nice',
  'rtprio',
  'rttime',
] as const;

/** RLIM_INFINITY. */
const infinity = (1n << 64n) - 1n;

/** A requested limit. The values are decimal text; 2^64 - 1 is "none". */
export interface RequestedRlimit {
  readonly name: string;
  readonly soft: string;
  readonly hard: string;
}

/** The same with the kernel's number. */
export interface ResolvedRlimit {
  readonly resource: number;
  readonly soft: string;
  readonly hard: string;
}

/** What likerd can set. */
export interface OwnLimits {
  /** By number. */
  readonly hard: readonly bigint[];
  /** It may exceed its own hard limits. */
  readonly mayRaise: boolean;
  /** fs.nr_open: the maximum of open files for every process. */
  readonly mostFiles: bigint;
}

const nofile = rlimitNames.indexOf('nofile');

/** Docker's default since version 25. With a huge limit, old programs close a billion files. */
const defaultNofile = { soft: 1024n, hard: 524_288n };

/** The hard limits in the text of /proc/PID/limits, whose lines are in the order of the numbers. */
export function parseHardLimits(text: string): bigint[] {
  return text
    .split('\n')
    .slice(1, 1 + rlimitNames.length)
    .map((line) => /(?:unlimited|\d+)\s+(unlimited|\d+)(?:\s+\w+)?\s*$/.exec(line)?.[1] ?? '0')
    .map((value) => (value === 'unlimited' ? infinity : BigInt(value)));
}

function readOwnLimits(): OwnLimits {
  return {
    hard: parseHardLimits(readFileSync('/proc/self/limits', 'latin1')),
    mayRaise: (capabilitiesOnHost() & capability('SYS_RESOURCE')) !== 0n,
    mostFiles: BigInt(readFileSync('/proc/sys/fs/nr_open', 'latin1').trim()),
  };
}

let own: OwnLimits | null = null;

function ceiling(resource: number, limits: OwnLimits): bigint {
  const most = limits.mayRaise ? infinity : (limits.hard[resource] ?? 0n);
  return resource === nofile && limits.mostFiles < most ? limits.mostFiles : most;
}

function numberOf(name: string): number {
  return (rlimitNames as readonly string[]).indexOf(name);
}

function checkValue(name: string, text: string, field: string): void {
  if (/^\d{1,20}$/.test(text) && BigInt(text) <= infinity) return;
  throw badArgument(field, `Invalid limit ${name}=${text}: give a number, or unlimited`);
}

/** Throws BAD_ARGUMENT, for a field of `field`, if the limit is invalid on any machine. */
export function checkRlimit({ name, soft, hard }: RequestedRlimit, field: string): void {
  if (numberOf(name) < 0)
    throw badArgument(`${field}.name`, `Unknown limit '${name}': use one of ${rlimitNames.join(', ')}`);
  checkValue(name, soft, `${field}.soft`);
  checkValue(name, hard, `${field}.hard`);
  if (BigInt(soft) > BigInt(hard))
    throw badArgument(`${field}.soft`, `Invalid limit '${name}': soft ${soft} is greater than hard ${hard}`);
}

function resolveOne({ name, soft, hard }: RequestedRlimit, limits: OwnLimits): ResolvedRlimit {
  const resource = numberOf(name);
  const most = ceiling(resource, limits);
  if (BigInt(hard) <= most) return { resource, soft, hard };
  throw new LikerError(
    'NOT_PERMITTED',
    `Cannot set limit ${name} to ${hard === String(infinity) ? 'unlimited' : hard}: likerd can set at most ${most}; ` +
      `ask for ${name}=${most}, or raise the daemon's own limit`,
    { knob: 'process.rlimits', metadata: { name, requested: hard, most: String(most) } },
  );
}

function defaultFor(limits: OwnLimits): ResolvedRlimit {
  const most = ceiling(nofile, limits);
  const hard = defaultNofile.hard < most ? defaultNofile.hard : most;
  const soft = defaultNofile.soft < hard ? defaultNofile.soft : hard;
  return { resource: nofile, soft: String(soft), hard: String(hard) };
}

/**
 * The limits of a process: those requested, and always nofile, since Node.js raises its own soft limit, which must not leak.
 * Throws BAD_ARGUMENT, or NOT_PERMITTED with the highest possible value.
 */
export function resolveRlimits(requested: readonly RequestedRlimit[], limits?: OwnLimits): ResolvedRlimit[] {
  own ??= readOwnLimits();
  const known = limits ?? own;
  const resolved = new Map([[nofile, defaultFor(known)]]);
  for (const one of requested) {
    checkRlimit(one, 'rlimits');
    const limit = resolveOne(one, known);
    resolved.set(limit.resource, limit);
  }
  return [...resolved.values()].sort((a, b) => a.resource - b.resource);
}
