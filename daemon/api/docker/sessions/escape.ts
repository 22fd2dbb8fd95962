import { HttpError } from '../http/errors.ts';

const usual = 'ctrl-p,ctrl-q';

/** Finds the keys that detach a client in what it types. */
export class Escape {
  readonly #keys: Buffer;
  /** How many of them were typed. */
  #typed = 0;

  /** `keys`: such as ctrl-p,ctrl-q; empty: these. */
  constructor(keys: string) {
    this.#keys = Buffer.from((keys || usual).split(',').map(parseKey));
  }

  /** What of it is for the process. A beginning of the keys waits for the rest. */
  read(bytes: Buffer): { readonly typed: Buffer; readonly isEscape: boolean } {
    const typed: number[] = [];
    for (const byte of bytes) {
      if (byte !== this.#keys[this.#typed]) {
        typed.push(...this.#keys.subarray(0, this.#typed));
        this.#typed = byte === this.#keys[0] ? 1 : 0;
        if (this.#typed === 0) typed.push(byte);
      } else this.#typed += 1;
      if (this.#typed === this.#keys.length) return { typed: Buffer.from(typed), isEscape: true };
    }
    return { typed: Buffer.from(typed), isEscape: false };
  }
}

function parseKey(key: string): number {
  const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
  if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) - 64;
  if (/^[!-~]$/.test(key)) return key.charCodeAt(0);
  throw new HttpError(400, `Invalid detachKeys: '${key}' is not a key such as ctrl-p, or a single character`);
}
