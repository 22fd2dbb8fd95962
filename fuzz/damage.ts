import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inherited } from './property.ts';
import type { Random } from './random.ts';

type Value = string | number | bigint;

const numbers = [0, -1, 1, 0.5, 9, 255, 600_001, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 8.64e15 + 1, 1e300];
const integers = [...numbers.filter(Number.isSafeInteger), 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
const texts = [
  '',
  '.',
  '..',
  '../..',
  '/',
  'a\0b',
  'a\nb',
  '\u202e',
  'web',
  'main',
  'x'.repeat(300),
  ...inherited,
];
const main = { pid: 1001, startTime: '1000' };
/** What only some rows have, and any might. */
const parts: readonly unknown[] = [
  ...['start', 'stop', 'end', 'restart', 'remove'].map((verb) => ({ verb, ending: null, again: false })),
  { verb: 'stop', ending: { main, signal: 99, graceMs: -1, killAt: 1e300 }, again: true },
  { state: 'running', startedAt: 1, main: { pid: -1, startTime: 'x' }, shimPid: 0 },
  { state: 'orphaned', startedAt: 1, main },
  { status: 'healthy', failingStreak: -1, log: [{ startedAt: 1, endedAt: 2, exitCode: 0, output: '' }] },
  { shell: 'true', intervalMs: 0, timeoutMs: -1, retries: 0, startPeriodMs: 1e300 },
  { kind: 'container', id: '..' },
  { name: 'always', maxRetries: -1 },
  { owner: '', maps: { uids: [], gids: [] }, rangeStart: -1 },
  [{ inside: 0, outside: 2 ** 40, count: -1 }],
  { 0: 1e300, '-1': 5 },
];

function anyValue(random: Random): unknown {
  switch (random.below(5)) {
    case 0:
      return random.pick(numbers);
    case 1:
      return random.pick(texts);
    case 2:
      return random.pick([null, true, false, [], {}]);
    case 3:
      return [random.pick([...numbers, ...texts])];
    default:
      return random.pick(parts);
  }
}

/** The same with one of its values, however deep, another or gone. */
function changed(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.oneIn(6)) return anyValue(random);
  const entries = Object.entries(value);
  if (entries.length === 0 || random.oneIn(10)) entries.push([random.pick(['0', ...inherited]), null]);
  const index = random.oneIn(10) ? entries.length - 1 : random.below(entries.length);
  const [key, old] = entries[index] ?? ['', null];
  entries.splice(index, 1, ...(random.oneIn(8) ? [] : [[key, changed(old, random)] as [string, unknown]]));
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function changedText(text: string, random: Random, others: readonly Value[]): Value {
  if (random.oneIn(8)) return text.slice(0, random.below(text.length));
  if (random.oneIn(8)) return random.pick(['{', '[]', '{}', 'null', '1e999', '"x"']);
  if (text.startsWith('{')) return JSON.stringify(changed(JSON.parse(text), random));
  return random.pick([...texts, ...others.map(String)]);
}

interface Damage {
  /** In words, for whoever reads of a failure. */
  readonly what: string;
  readonly table: string;
  /** The container whose row it is, or whose exec, image or range of ids; the name of a volume; empty: none of these. */
  readonly of: string;
}

/** Of the image that populate makes. */
export const imageTables =
  'blob layer recipe layer_blob image image_layer manifest image_name image_digest'.split(' ');
/** Those of the schema, and SQLite's own that numbers events. */
const tables = [
  ...'container exec event request tombstone id_range store sqlite_sequence container_image volume network endpoint'.split(
    ' ',
  ),
  ...imageTables,
];

/** Changes one value in a daemon's database. Null: the database does not allow it. */
export function damage(folder: string, random: Random): Damage | null {
  using db = new DatabaseSync(join(folder, 'liker.db'));
  db.exec('PRAGMA foreign_keys = OFF');
  const table = random.oneIn(3) ? 'container' : random.pick(tables);
  const rows = db.prepare(`SELECT rowid AS "row", * FROM ${table}`).all() as Record<string, Value>[];
  const { row = 0, ...values } = random.pick(rows);
  const column = random.pick(Object.keys(values));
  const old = values[column];
  const others = rows.map((other) => other[column] ?? '');
  const value = typeof old === 'number' ? random.pick(integers) : changedText(String(old), random, others);
  try {
    db.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(value, row);
  } catch {
    return null;
  }
  const about = values[{ container: 'id', volume: 'name' }[table] ?? 'container_id'];
  return { what: `${table}.${column} was ${old} and is ${value}`, table, of: String(about ?? '') };
}
