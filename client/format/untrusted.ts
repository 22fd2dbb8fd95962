import { isVisible, visible } from '../output/visible.ts';

/** A text with control characters in the data of a template: shown escaped, and to `json`, `eq` and `len` what it is. */
export class Untrusted {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return visible(this.text);
  }

  toJSON(): string {
    return this.text;
  }
}

/** The data of a template whose result goes to a terminal or into a table. */
export function untrusted(value: unknown): unknown {
  if (typeof value === 'string') return isVisible(value) ? value : new Untrusted(value);
  if (typeof value === 'function') return (...args: readonly unknown[]) => untrusted(value(...args));
  if (Array.isArray(value)) return value.map(untrusted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [visible(key), untrusted(inner)]);
  // A map stays one.
  return Object.assign(Object.create(Object.getPrototypeOf(value)), Object.fromEntries(entries));
}

/** What the text of a string in a template's data is; any other value as it is. */
export function plain(value: unknown): unknown {
  return value instanceof Untrusted ? value.text : value;
}
