import { readFileSync } from 'node:fs';
import { badArgument, LikerError } from '../../../common/errors.ts';
import { capability, daemonCapabilities } from './capabilities.ts';

/** Names in the order of their numbers (asm-generic/resource.h), lower case without RLIMIT_. */
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

/** A limit as asked for: name, and decimal text, 2^64 - 1 being "none". */
export interface RequestedRlimit {
  readonly name: string;
  readonly soft: string;
  readonly hard: string;
}

/** The same with the kernel's number for it. */
export interface ResolvedRlimit {
  readonly resource: number;
  readonly soft: string;
  readonly hard: string;
}

/** What the daemon may give away. */
export interface OwnLimits {
  /** By number. */
  readonly hard: readonly bigint[];
  /** It may exceed its own hard limits. */
  readonly mayRaise: boolean;
  /** fs.nr_open: the most files for anyone. */
  readonly mostFiles: bigint;
}

const nofile = rlimitNames.indexOf('nofile');

/** Docker's default since 25; a huge one makes old programs close a billion files. */
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
    mayRaise: (daemonCapabilities() & capability('SYS_RESOURCE')) !== 0n,
    mostFiles: BigInt(readFileSync('/proc/sys/fs/nr_open', 'latin1').trim()),
  };
}

let own: OwnLimits | null = null;

function ceiling(resource: number, limits: OwnLimits): bigint {
  const most = limits.mayRaise ? infinity : (limits.hard[resource] ?? 0n);
  return resource === nofile && limits.mostFiles < most ? limits.mostFiles : most;
}

const field = 'spec.process.rlimits';

function parseValue(name: string, text: string): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value <= infinity) return value;
  throw badArgument(field, `Invalid limit ${name}=${text}: give a number, or unlimited`);
}

function resolveOne({ name, soft, hard }: RequestedRlimit, limits: OwnLimits): ResolvedRlimit {
  const resource = (rlimitNames as readonly string[]).indexOf(name.toLowerCase().replace(/^rlimit_/, ''));
  if (resource < 0)
    throw badArgument(field, `Unknown limit '${name}': it is one of ${rlimitNames.join(', ')}`);
  const [softValue, hardValue] = [parseValue(name, soft), parseValue(name, hard)];
  if (softValue > hardValue) {
    throw badArgument(field, `Invalid limit ${name}=${soft}:${hard}: the soft limit is above the hard limit`);
  }
  const most = ceiling(resource, limits);
  if (hardValue <= most) return { resource, soft: String(softValue), hard: String(hardValue) };
  throw new LikerError(
    'NOT_PERMITTED',
    `Cannot set limit ${name} to ${hard === String(infinity) ? 'unlimited' : hard}: likerd may give at most ${most}; ` +
      `ask for ${name}=${most}, or raise the daemon's own limit`,
    { field, metadata: { name, requested: hard, most: String(most) } },
  );
}

function defaultFor(limits: OwnLimits): ResolvedRlimit {
  const most = ceiling(nofile, limits);
  const hard = defaultNofile.hard < most ? defaultNofile.hard : most;
  const soft = defaultNofile.soft < hard ? defaultNofile.soft : hard;
  return { resource: nofile, soft: String(soft), hard: String(hard) };
}

/**
 * The limits of a process: those asked for, and nofile in any case, since Node raises its own soft limit, which must
 * not leak. Throws BAD_ARGUMENT, or NOT_PERMITTED with the number that works.
 */
export function resolveRlimits(requested: readonly RequestedRlimit[], limits?: OwnLimits): ResolvedRlimit[] {
  own ??= readOwnLimits();
  const known = limits ?? own;
  const resolved = new Map([[nofile, defaultFor(known)]]);
  for (const one of requested) {
    const limit = resolveOne(one, known);
    resolved.set(limit.resource, limit);
  }
  return [...resolved.values()].sort((a, b) => a.resource - b.resource);
}
