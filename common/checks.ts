import { badArgument, invalid } from './errors.ts';
import { formatBinaryBytes } from './units.ts';

// Checks of values in a request. Each throws BAD_ARGUMENT on `field`.

/** A path that does not depend on where a process is. */
export function checkAbsolute(path: string, field: string): void {
  if (!path.startsWith('/')) throw invalid(field, path, 'it must be an absolute path');
}

/** A path in a container. In its shortest form, since one path in two forms would look like two. */
export function checkInnerPath(path: string, field: string, what: string): void {
  checkAbsolute(path, field);
  if (path.split('/').includes('..'))
    throw badArgument(field, `Invalid ${what} '${path}': '..' is not allowed in it`);
  const shortest = shortestPath(path);
  if (shortest !== path) throw badArgument(field, `Invalid ${what} '${path}': write it as '${shortest}'`);
}

/** Without '.', '//' and a '/' at the end. '..' stays: what it leads to depends on links. */
export function shortestPath(path: string): string {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  return `${path.startsWith('/') ? '/' : ''}${names.join('/')}`;
}

/** A whole number in a range, and a sensible one that the error shows. */
export type Range = readonly [least: number, most: number, example?: number | string];

export function checkRange(value: number, [least, most, example]: Range, field: string): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const hint = example === undefined ? '' : `, such as ${example}`;
  throw badArgument(
    field,
    `Invalid ${field}${exactly(value)}: it must be a whole number from ${least} to ${most}${hint}`,
  );
}

/** The value, unless its last digits were lost on the way: 64-bit numbers of the wire become JavaScript's. */
function exactly(value: number): string {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER ? '' : ` ${value}`;
}

/** A number of bytes, or -1 for no limit. A small number may have been meant in another unit: the error says so. */
export function checkBytes(value: number, least: number, field: string): void {
  if (value === -1 || (Number.isSafeInteger(value) && value >= least)) return;
  if (value > Number.MAX_SAFE_INTEGER)
    throw badArgument(
      field,
      `Invalid ${field}: the maximum is ${Number.MAX_SAFE_INTEGER} bytes; -1 means no limit`,
    );
  const hint =
    value >= 0 && value < 100_000
      ? `; ${value} is bytes: with a unit it is ${value}k, ${value}m or ${value}g`
      : '';
  throw badArgument(
    field,
    `Invalid ${field} ${value}: the minimum is ${least} bytes (${formatBinaryBytes(least)}); -1 means no limit${hint}`,
  );
}

/** A list in which nothing is twice. */
export function checkOnce(names: readonly string[], field: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw badArgument(field, `Invalid ${field}: '${name}' appears twice`);
    seen.add(name);
  }
}

/**
 * Throws BAD_ARGUMENT for a text with a NUL anywhere in the value: the kernel's strings end there, and the rest would
 * silently vanish. Messages name the field, never its value, which may be a secret.
 */
export function checkTexts(value: unknown, field: string): void {
  // Names of fields are made for the error alone: most specs need none.
  if (!hasNul(value)) return;
  if (typeof value === 'string') {
    throw badArgument(field, `Invalid ${field}: it contains a NUL character`);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkTexts(item, `${field}[${index}]`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      checkTexts(name, field);
      checkTexts(item, `${field}.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`);
    }
  }
}

function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, item]) => name.includes('\0') || hasNul(item));
}
