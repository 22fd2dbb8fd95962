import { badArgument } from '../../../../common/errors.ts';
import { own } from '../../../../common/own.ts';
import { formatBinaryBytes } from '../../../../common/units.ts';

/** Throws BAD_ARGUMENT if the text is empty or holds a NUL. */
export function required(text: string, field: string): string {
  if (text === '') throw badArgument(field, `Missing ${field}`);
  return noNul(text, field);
}

/** The kernel's strings end at a NUL: what follows one would silently vanish. */
export function noNul(text: string, field: string): string {
  if (text.includes('\0')) throw badArgument(field, `Invalid ${field}: it holds a NUL character`);
  return text;
}

/** Null for an empty text. */
export function optionalText(text: string, field: string): string | null {
  return text === '' ? null : noNul(text, field);
}

/** An absolute path without NUL; '..' is left to the code that resolves it. */
export function absolutePath(path: string, field: string): string {
  required(path, field);
  if (!path.startsWith('/'))
    throw badArgument(field, `Invalid ${field} '${path}': it must be an absolute path`);
  return path;
}

/** A whole number from `least` to `greatest`; `example` is a sensible one, shown in the error. */
export function inRange(
  value: number,
  least: number,
  greatest: number,
  field: string,
  example: number | string = '',
): number {
  if (!Number.isInteger(value) || value < least || value > greatest) {
    throw badArgument(
      field,
      `Invalid ${field}${exactly(value)}: it must be a whole number from ${least} to ${greatest}${example === '' ? '' : `, such as ${example}`}`,
    );
  }
  return value;
}

/** The value, unless its last digits were lost on the way: 64-bit numbers of the wire become JavaScript's. */
function exactly(value: number): string {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER ? '' : ` ${value}`;
}

/** A whole number of at least `least`, or -1 for no limit. */
export function limit(value: number, least: number, field: string, example: number): number {
  return value === -1
    ? -1
    : inRange(value, least, Number.MAX_SAFE_INTEGER, field, `${example}, or -1 for no limit`);
}

/** A number of bytes of at least `least`, or -1 for no limit. A small number may have been meant in another unit: the error says so. */
export function byteLimit(value: number, least: number, field: string): number {
  if (value === -1 || (Number.isSafeInteger(value) && value >= least)) return value;
  if (value > Number.MAX_SAFE_INTEGER)
    throw badArgument(
      field,
      `Invalid ${field}: the most is ${Number.MAX_SAFE_INTEGER} bytes, and -1 is no limit`,
    );
  const hint =
    value >= 0 && value < 100_000
      ? `; ${value} is bytes: with a unit it is ${value}k, ${value}m or ${value}g`
      : '';
  throw badArgument(
    field,
    `Invalid ${field} ${value}: the least is ${least} bytes (${formatBinaryBytes(least)}), and -1 is no limit${hint}`,
  );
}

/** Null for what is not set; otherwise the checked value. */
export function ifSet<T>(value: T | undefined, check: (value: T) => T): T | null {
  return value === undefined ? null : check(value);
}

/** The value that belongs to a name of an enumeration; numbers of a newer client's come here too. */
export function oneOf<T>(table: Readonly<Record<string, T>>, name: string | number, field: string): T {
  const value = own(table, String(name));
  if (value === undefined)
    throw badArgument(field, `Invalid ${field} '${name}': use ${Object.keys(table).join(', ')}`);
  return value;
}
