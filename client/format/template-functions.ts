import { own } from '../../common/own.ts';
import { quoted, toJson } from '../output/visible.ts';
import { templateError } from './template-lexer.ts';
import { plain, Untrusted } from './untrusted.ts';

type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** The functions of Go's and Docker's templates that are useful for lists and inspect. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => goJson(value),
  upper: (value) => show(value).toUpperCase(),
  lower: (value) => show(value).toLowerCase(),
  title: (value) => show(value).replaceAll(/\b\w/g, (letter) => letter.toUpperCase()),
  join: (list, separator) => items(list).map(show).join(show(separator)),
  split: (text, separator) => show(text).split(show(separator)),
  pad: (text, before, after) => ' '.repeat(count(before)) + show(text) + ' '.repeat(count(after)),
  truncate: (text, length) => show(text).slice(0, count(length)),
  println: (...args) => `${args.map(show).join(' ')}\n`,
  // As in Go, a blank separates two operands unless one of them is a string.
  print: (...args) =>
    args
      .map((arg, index) => {
        const before = args[index - 1];
        const isApart = index > 0 && ![before, arg].some((one) => typeof plain(one) === 'string');
        return (isApart ? ' ' : '') + show(arg);
      })
      .join(''),
  printf: (format, ...args) => printf(show(format), args),
  len: (value) => {
    const counted = plain(value);
    return typeof counted === 'string' ? Buffer.byteLength(counted) : items(counted).length;
  },
  index: (value, ...keys) => keys.reduce<unknown>(elementOf, value),
  slice: (value, from = 0, to) =>
    typeof value === 'string' || value instanceof Untrusted
      ? show(value).slice(count(from), to === undefined ? undefined : count(to))
      : items(value).slice(count(from), to === undefined ? undefined : count(to)),
  not: (value) => !isTrue(value),
  and: (...args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  eq: (first, ...others) => others.some((other) => plain(first) === plain(other)),
  ne: (first, second) => plain(first) !== plain(second),
  lt: (first, second) => compare(first, second) < 0,
  le: (first, second) => compare(first, second) <= 0,
  gt: (first, second) => compare(first, second) > 0,
  ge: (first, second) => compare(first, second) >= 0,
};

const mostCharacters = 100_000;

/** The number of some characters or elements. */
function count(value: unknown): number {
  const number = typeof value === 'string' ? Number(value || undefined) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= mostCharacters)
    return number;
  throw templateError(`${show(value)} is not a number from 0 to ${mostCharacters}`);
}

/**
 * A map for templates. It has no prototype, which tells it from a record: a missing field of a record is an error, a missing key
 * of a map is not.
 */
export function goMap<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

export function isMap(value: object): boolean {
  return Object.getPrototypeOf(value) === null;
}

/** An element of a list or a map; the zero value for a missing key of a map. */
function elementOf(value: unknown, key: unknown): unknown {
  if (value === null || value === undefined) throw templateError('index of nil');
  const found = lookUp(value, key);
  if (found !== undefined) return found;
  if (Array.isArray(value)) throw templateError(`index out of range: ${show(key)}`);
  return Object.values(value).every((inner) => typeof inner === 'string' || inner instanceof Untrusted)
    ? ''
    : null;
}

/** True as in Go's templates: not zero, false, nil or empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Untrusted) return true;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as a template prints it. */
export function show(value: unknown): string {
  if (typeof value === 'function') throw templateError('a function is not a value: give it its arguments');
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (typeof value !== 'object' || value instanceof Untrusted) return String(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, inner]) => `${key}:${show(inner)}`).join(' ')}]`;
}

/** The elements of a list, or the values of a map in the order of its keys. */
function items(value: unknown): readonly unknown[] {
  return pairs(value).map(([, item]) => item);
}

/** The keys with their elements, in the order of `range`. */
export function pairs(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  if (typeof value === 'object' && value !== null && !(value instanceof Untrusted)) {
    return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
  if (value === null || value === undefined) return [];
  throw templateError(`${show(value)} is not a list`);
}

export function lookUp(value: unknown, key: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object' || value instanceof Untrusted)
    throw templateError(`cannot look up '${show(key)}' in ${show(value)}`);
  return own(value as Readonly<Record<string, unknown>>, show(key));
}

function goJson(value: unknown): string {
  const text = toJson(value);
  // Go's encoder escapes these to make JSON safe in HTML.
  return text.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}

function compare(first: unknown, second: unknown): number {
  if (typeof first === 'number' && typeof second === 'number') return first - second;
  return show(first) < show(second) ? -1 : Number(show(first) !== show(second));
}

function printf(format: string, args: readonly unknown[]): string {
  let index = 0;
  return format.replaceAll(
    /%(-?)(0?)(\d*)(?:\.(\d+))?([%a-z])/gi,
    (_, left, zero, width, precision, verb) => {
      if (verb === '%') return '%';
      const text = formatVerb(verb, args[index++], precision === undefined ? undefined : count(precision));
      if (left === '-') return text.padEnd(count(width || 0));
      return text.padStart(count(width || 0), zero === '0' ? '0' : ' ');
    },
  );
}

/** Of Number.toFixed. */
const mostDigits = 100;

function formatVerb(verb: string, value: unknown, precision: number | undefined): string {
  switch (verb) {
    case 'q':
      return quoted(value instanceof Untrusted ? value.text : show(value));
    case 'x':
      return typeof value === 'number' ? value.toString(16) : Buffer.from(show(value)).toString('hex');
    case 'f':
      return typeof value === 'number' ? value.toFixed(Math.min(precision ?? 6, mostDigits)) : show(value);
    default:
      return precision === undefined ? show(value) : show(value).slice(0, precision);
  }
}
