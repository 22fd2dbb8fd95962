import { invalid } from './errors.ts';
import { own } from './own.ts';

const binaryFactors: Readonly<Record<string, bigint>> = {
  '': 1n,
  k: 1n << 10n,
  m: 1n << 20n,
  g: 1n << 30n,
  t: 1n << 40n,
  p: 1n << 50n,
};

/** whole.fraction times factor, rounded down. Exact, unlike floating point. */
function scale(whole: string, fraction: string, factor: bigint): bigint {
  return (BigInt(whole + fraction) * factor) / 10n ** BigInt(fraction.length);
}

/** The number that a text holds, by the pattern's groups of whole, fraction and unit; null for any other text. */
function quantity(text: string, pattern: RegExp, factors: Readonly<Record<string, bigint>>): bigint | null {
  const [, whole = '', fraction = '', unit = ''] = pattern.exec(text) ?? [];
  const factor = whole === '' ? undefined : own(factors, unit.toLowerCase());
  return factor === undefined ? null : scale(whole, fraction, factor);
}

/**
 * Parses a size in Docker's notation into bytes: 64m, 1.5g, 512kb, 1GiB, 4096. Units are powers of 1024. `allowUnlimited` also allows
 * -1. Throws BAD_ARGUMENT on `field`.
 */
export function parseBytes(text: string, field: string, options: { allowUnlimited?: boolean } = {}): number {
  if (options.allowUnlimited === true && text === '-1') return -1;
  const bytes = quantity(text, /^(\d{1,20})(?:\.(\d{1,20}))? ?([kmgtp]?)i?b?$/i, binaryFactors);
  if (bytes === null) throw invalid(field, text, 'give a number with b, k, m, g or t, such as 64m');
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid(field, text, `the maximum is ${Number.MAX_SAFE_INTEGER} bytes`);
  }
  return Number(bytes);
}

const rateFactors: Readonly<Record<string, bigint>> = {
  '': 1n,
  k: 1000n,
  m: 1000n ** 2n,
  g: 1000n ** 3n,
  t: 1000n ** 4n,
};

/** From tc's least rate to more than any link has. */
const rateRange = [1000n, 1000n ** 5n] as const;

/** Parses bits per second as tc(8) does: 10mbit, 1.5gbit, 64kbit, or 0. Throws BAD_ARGUMENT on `field`. */
export function parseBitRate(text: string, field: string): number {
  if (text === '0') return 0;
  const bits = quantity(text, /^(\d{1,18})(?:\.(\d{1,18}))?([kmgt]?)bit$/i, rateFactors);
  if (bits === null) {
    throw invalid(
      field,
      text,
      'give bits per second with kbit, mbit or gbit, such as 10mbit, or 0 for no limit',
    );
  }
  if (bits >= rateRange[0] && bits <= rateRange[1]) return Number(bits);
  throw invalid(field, text, 'give 1kbit to 1000tbit, such as 10mbit, or 0 for no limit');
}

function humanSize(bytes: number, base: number, units: readonly string[], digits: number): string {
  let size = bytes;
  let unit = 0;
  while (Number(size.toPrecision(digits)) >= base && unit < units.length - 1) {
    size /= base;
    unit += 1;
  }
  return `${Number(size.toPrecision(digits))}${units[unit]}`;
}

/** A decimal size with three digits, as Docker prints sizes: 1.23MB. */
export function formatBytes(bytes: number): string {
  return humanSize(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB'], 3);
}

/** A binary size with four digits, as Docker prints memory: 1.5GiB. */
export function formatBinaryBytes(bytes: number): string {
  return humanSize(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], 4);
}

/** A page size as the files of hugetlb are named (mm/hugetlb_cgroup.c, mem_fmt): 2MB, 1GB, 64KB. */
export function pageSizeName(bytes: number): string {
  if (bytes >= 2 ** 30) return `${bytes / 2 ** 30}GB`;
  return bytes >= 2 ** 20 ? `${bytes / 2 ** 20}MB` : `${bytes / 2 ** 10}KB`;
}

/** Docker's period of the CPU quota in microseconds. */
const cpuPeriodUs = 100_000;

/** The kernel's least quota in microseconds (kernel/sched/core.c, min_cfs_quota_period). */
const leastQuotaUs = 1000;

/** The quota for a number of CPUs such as 1.5, in exact decimal arithmetic. Throws BAD_ARGUMENT on `field`. */
export function parseCpus(text: string, field: string): { quotaUs: number; periodUs: number } {
  const match = /^(\d{1,6})(?:\.(\d{1,12}))?$/.exec(text) ?? /^()\.(\d{1,12})$/.exec(text);
  if (match === null) throw invalid(field, text, 'give a number of CPUs such as 1.5');
  const quotaUs = Number(scale(match[1] ?? '', match[2] ?? '', BigInt(cpuPeriodUs)));
  if (quotaUs < leastQuotaUs) throw invalid(field, text, 'the minimum is 0.01');
  return { quotaUs, periodUs: cpuPeriodUs };
}

/** The greatest CPU or node number in a list. */
const greatestIndex = 8191;

/** Parses a list in the kernel's format, such as 0-2,5 (cpuset(7)), into ascending numbers. Throws BAD_ARGUMENT on `field`. */
export function parseCpuList(text: string, field: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || first > last || last > greatestIndex) {
      throw invalid(field, text, 'give numbers and ranges such as 0-2,5');
    }
    for (let index = first; index <= last; index += 1) found.add(index);
  }
  return [...found].sort((a, b) => a - b);
}

const nsPerMs = 1_000_000n;
const nsPerSecond = 1_000_000_000n;
const durationUnits: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: nsPerMs,
  s: nsPerSecond,
  m: 60n * nsPerSecond,
  h: 3600n * nsPerSecond,
};

/** The nanoseconds of 1h30m, 1.5s or 500ms; null for other text. */
function durationNs(text: string): bigint | null {
  const part = /(\d{1,18})(?:\.(\d{1,18}))?(ns|us|µs|ms|s|m|h)/y;
  let total = 0n;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return null;
    total += scale(match[1] ?? '', match[2] ?? '', own(durationUnits, match[3] ?? '') ?? 0n);
  }
  return text === '' ? null : total;
}

/**
 * Parses a duration such as 1h30m, 10s or 500ms into milliseconds. With `plainSeconds`, a bare number means seconds. Throws
 * BAD_ARGUMENT on `field`.
 */
export function parseDuration(text: string, field: string, options: { plainSeconds?: boolean } = {}): number {
  const plain = options.plainSeconds === true && /^\d+(\.\d+)?$/.test(text);
  const ns = text === '0' ? 0n : durationNs(plain ? `${text}s` : text);
  if (ns === null) throw invalid(field, text, 'give a duration such as 10s or 1h30m');
  if (ns / nsPerMs > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(field, text, 'it is too long');
  return Number(ns) / 1e6;
}

/** A duration in Docker's words: Less than a second, 2 minutes, About an hour, 3 days. */
export function humanDuration(durationMs: number): string {
  const seconds = Math.floor(Math.max(0, durationMs) / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}

/** RFC 3339, or a date with or without a time, which is then local. */
const calendar =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|z|[+-]\d{2}:\d{2})?$/;

/** Date.parse would roll 31 February over into March. */
function isRealDate(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}

function calendarNs(text: string): bigint | null {
  const match = calendar.exec(text);
  if (match === null || !isRealDate(match[1] ?? '')) return null;
  const [, date, time = '00:00', seconds = '00', fraction = '', zone = ''] = match;
  const ms = Date.parse(`${date}T${time}:${seconds}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? null : BigInt(ms) * nsPerMs + BigInt(fraction.padEnd(9, '0'));
}

/**
 * Parses a time into nanoseconds since the epoch: RFC 3339, a date, a local date and time, Unix seconds with up to nine decimals, or a
 * duration before `nowMs` (-10m is after it). Throws BAD_ARGUMENT on `field`.
 */
export function parseTimestamp(text: string, field: string, nowMs: number = Date.now()): bigint {
  const unix = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text);
  if (unix !== null) return BigInt(unix[1] ?? '') * nsPerSecond + BigInt((unix[2] ?? '').padEnd(9, '0'));
  const at = calendarNs(text);
  if (at !== null) return at;
  const ago = durationNs(text.replace(/^[+-]/, ''));
  if (ago !== null) return BigInt(nowMs) * nsPerMs - (text.startsWith('-') ? -ago : ago);
  throw invalid(field, text, 'give 2026-01-31T12:00:00Z, Unix seconds, or how long ago, such as 10m');
}
