import { isVisible, visible } from '../output/visible.ts';

/** Text with control characters in the data of a template: printed escaped, but unchanged for `json`, `eq` and `len`. */
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

/** Wraps the texts in the data of a template whose result goes to a terminal or into a table. */
export function untrusted(value: unknown): unknown {
  if (typeof value === 'string') return isVisible(value) ? value : new Untrusted(value);
  if (typeof value === 'function') return (...args: readonly unknown[]) => untrusted(value(...args));
  if (Array.isArray(value)) return value.map(untrusted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [visible(key), untrusted(inner)]);
  // Keep the prototype, which tells a map from a record.
  return Object.setPrototypeOf(Object.fromEntries(entries), Object.getPrototypeOf(value));
}

/** The text of an Untrusted; any other value unchanged. */
export function plain(value: unknown): unknown {
  return value instanceof Untrusted ? value.text : value;
}
