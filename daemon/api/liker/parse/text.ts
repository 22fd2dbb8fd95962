import { checkRange } from '../../../../common/checks.ts';
import { badArgument } from '../../../../common/errors.ts';

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

type Plain<T> = { [Name in keyof T as Name extends `_${string}` ? never : Name]: T[Name] };

/** The fields of a message, without those that name the optional ones that are set. */
export function plain<T extends object>(message: T): Plain<T> {
  return Object.fromEntries(Object.entries(message).filter(([name]) => !name.startsWith('_'))) as Plain<T>;
}

/** A whole number from `least` to `greatest`. */
export function inRange(value: number, least: number, greatest: number, field: string): number {
  checkRange(value, [least, greatest], field);
  return value;
}
