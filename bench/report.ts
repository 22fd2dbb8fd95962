import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { type Sample, type Summary, summarize } from './measure.ts';

export interface Row extends Summary {
  readonly name: string;
  /** Median by the median of the row that is compared with; null without one. */
  readonly ratio: number | null;
  /** Medians of the parts, in the order in which they come. */
  readonly parts: Readonly<Record<string, number>>;
}

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** Rows of samples; the ratio is that to the contestant named `against`, where it ran. */
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

export function print({ title, unit, rows, notes }: Result): void {
  const width = Math.max(...rows.map(({ name }) => name.length), 20);
  console.log(`\n${title} (${unit})`);
  console.log(
    `  ${'median'.padStart(width + 9)}${'p90'.padStart(9)}${'min'.padStart(9)}${'ratio'.padStart(8)}     n`,
  );
  for (const row of rows) {
    const figures = [row.median, row.p90, row.min].map((value) => figure(value).padStart(9)).join('');
    const ratio = (row.ratio === null ? '' : row.ratio.toFixed(2)).padStart(8);
    console.log(`  ${row.name.padEnd(width)}${figures}${ratio}${String(row.count).padStart(6)}`);
    const parts = Object.entries(row.parts).map(([name, value]) => `${name} ${figure(value)}`);
    if (parts.length > 0) console.log(`  ${' '.repeat(4)}${parts.join(' · ')}`);
  }
  for (const note of notes) console.log(`  ${note}`);
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The machine that the figures are of. */
export function machine(): Record<string, unknown> {
  return {
    kernel: release(),
    cpu: cpus()[0]?.model.trim(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    load: loadavg()[0],
    node: process.version,
    date: new Date().toISOString(),
  };
}

export function save(path: string, results: readonly Result[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ machine: machine(), results }, null, 2)}\n`);
}
