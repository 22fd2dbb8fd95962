import { checkRange, checkTexts } from '../../../../common/checks.ts';
import { badArgument } from '../../../../common/errors.ts';

/** Throws BAD_ARGUMENT if the text is empty or holds a NUL. */
export function required(text: string, field: string): string {
  if (text === '') throw badArgument(field, `Missing ${field}`);
  return noNul(text, field);
}

export function noNul(text: string, field: string): string {
  checkTexts(text, field);
  return text;
}

type Plain<T> = { [Name in keyof T as Name extends `_${string}` ? never : Name]: T[Name] };

/** The fields of a message, without those that name the optional ones that are set. */
export function plain<T extends object>(message: T): Plain<T> {
  return Object.fromEntries(Object.entries(message).filter(([name]) => !name.startsWith('_'))) as Plain<T>;
}

/**
 * The fields that are set. 0 and the empty text count as unset: Docker's clients send them for everything that was not given.
 * `zeroIsSet` names the fields in which 0 means something.
 */
export function given<T extends object>(message: T, zeroIsSet: readonly (keyof T)[] = []) {
  const set = Object.entries(plain(message)).filter(
    ([name, value]) => (value !== 0 && value !== '') || zeroIsSet.includes(name as keyof T),
  );
  return Object.fromEntries(set) as Partial<Plain<T>>;
}

/** A whole number from 0 to `most`. */
export function inRange(value: number, field: string, most = Number.MAX_SAFE_INTEGER): number {
  checkRange(value, [0, most], field);
  return value;
}
