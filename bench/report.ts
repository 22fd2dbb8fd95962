import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { type Sample, type Summary, summarize } from './measure.ts';

export interface Row extends Summary {
  /** The name begins with the engine's. */
  readonly name: string;
  /** Median, divided by that of the reference row; null without a reference. */
  readonly ratio: number | null;
  /** Medians of the parts, in chronological order. */
  readonly parts: Readonly<Record<string, number>>;
}

/** A target for Liker. */
export interface Aim {
  readonly work: string;
  /** Liker's row; its median counts. */
  readonly row: string;
  /** The bound in the result's unit; null if its peer is not installed. */
  readonly limit: number | null;
  /** Where the bound comes from, such as "crun's" or "5 ms". */
  readonly bound: string;
  /** Rows of others that did the same work. Default: all. */
  readonly peers?: readonly string[];
}

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  /** Whether more is better; default: less is. */
  readonly moreIsBetter?: boolean;
  readonly aims?: readonly Aim[];
}

/** A row of values that are not times. */
export function rowOf(name: string, values: readonly number[]): Row {
  return { name, ...summarize(values), ratio: null, parts: {} };
}

export function medianOf(rows: readonly Row[], name: string): number | null {
  return rows.find((row) => row.name === name)?.median ?? null;
}

/** A fraction of the median; null without one. */
export function share(median: number | null, factor: number): number | null {
  return median === null ? null : median * factor;
}

/** Null if there is nothing to compare with. */
export function isReached({ rows, moreIsBetter = false }: Result, { row, limit }: Aim): boolean | null {
  const median = medianOf(rows, row);
  if (median === null || limit === null) return null;
  return moreIsBetter ? median >= limit : median <= limit;
}

export function engineOf({ name }: Row): string {
  return (/^\w+/.exec(name)?.[0] ?? name).replace('likerctl', 'liker').replace('likerd', 'liker');
}

/** Rows of samples, with ratios to the contestant named `against` if it ran. */
export function rowsOf(samples: ReadonlyMap<string, readonly Sample[]>, against?: string): Row[] {
  const reference = against === undefined ? undefined : samples.get(against);
  const base = reference === undefined ? null : summarize(reference.map(({ ms }) => ms)).median;
  return [...samples].map(([name, of]) => {
    const summary = summarize(of.map(({ ms }) => ms));
    return { name, ...summary, ratio: base === null ? null : summary.median / base, parts: partsOf(of) };
  });
}

function partsOf(samples: readonly Sample[]): Record<string, number> {
  const names = Object.keys(samples[0]?.parts ?? {});
  return Object.fromEntries(
    names.map((name) => [name, summarize(samples.map(({ parts }) => parts?.[name] ?? Number.NaN)).median]),
  );
}

export function print(result: Result): void {
  const { title, unit, rows, notes, aims = [] } = result;
  const width = Math.max(...rows.map(({ name }) => name.length), 20);
  const heads = ['median', 'p90', 'p99', 'min'].map((head) => head.padStart(9)).join('');
  console.log(`\n${title} (${unit})\n  ${' '.repeat(width)}${heads}${'ratio'.padStart(8)}     n`);
  for (const row of rows) {
    const figures = [row.median, row.p90, row.p99, row.min]
      .map((value) => figure(value).padStart(9))
      .join('');
    const ratio = (row.ratio === null ? '' : row.ratio.toFixed(2)).padStart(8);
    console.log(`  ${row.name.padEnd(width)}${figures}${ratio}${String(row.count).padStart(6)}`);
    const parts = Object.entries(row.parts).map(([name, value]) => `${name} ${figure(value)}`);
    if (parts.length > 0) console.log(`  ${' '.repeat(4)}${parts.join(' · ')}`);
  }
  for (const note of notes) console.log(`  ${note}`);
  for (const aim of aims)
    console.log(`  aim: ${aim.row}: ${boundText(result, aim)}: ${verdict(result, aim)}`);
}

export function boundText({ moreIsBetter, unit }: Result, { bound, limit }: Aim): string {
  const value = limit === null || bound.includes(String(limit)) ? '' : ` (${figure(limit)} ${unit})`;
  return `at ${moreIsBetter ? 'least' : 'most'} ${bound}${value}`;
}

export function verdict(result: Result, aim: Aim): string {
  const reached = isReached(result, aim);
  return reached === null ? 'not measured here' : reached ? 'reached' : 'not reached';
}

export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The results file of a run. */
export interface Report {
  readonly machine: Machine;
  readonly peers: Readonly<Record<string, string>>;
  readonly quick: boolean;
  readonly results: readonly Result[];
}

export interface Machine {
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly load: number;
  readonly node: string;
  readonly date: string;
}

/** This machine. */
export function machine(): Machine {
  return {
    kernel: release(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: cpus().length,
    memoryBytes: totalmem(),
    load: loadavg()[0] ?? 0,
    node: process.version,
    date: new Date().toISOString(),
  };
}

export function save(path: string, report: Report): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
}
