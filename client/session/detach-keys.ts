import { badArgument } from '../../common/errors.ts';

/** Ctrl-] twice: shells and editors do not use it as a prefix. */
export const defaultDetachKeys = 'ctrl-],ctrl-]';

/** How long the start of a sequence is held back before it is forwarded. */
export const partialMatchMs = 300;

const controlKeys = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/** Parses Docker's notation: ASCII characters and ctrl-X, separated by commas. An empty text turns detaching off. Throws BAD_ARGUMENT. */
export function parseDetachKeys(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(',').map((key) => {
    if (/^[\0-\x7f]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
    const code = control === undefined ? -1 : controlKeys.indexOf(control);
    if (code === -1) {
      throw badArgument(
        'detach-keys',
        `Invalid detach keys '${text}': '${key}' is neither an ASCII character nor ctrl-CHARACTER`,
      );
    }
    return code;
  });
}

/** The bytes to forward, and whether the sequence is complete. */
export interface DetachScan {
  readonly forward: Buffer;
  readonly detach: boolean;
}

/** Searches a stream of input for the sequence and holds back no more than the start of it. */
export class DetachScanner {
  readonly #keys: readonly number[];
  #held: number[] = [];

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** True while the start of a sequence is held back. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  scan(input: Buffer): DetachScan {
    if (this.#keys.length === 0) return { forward: input, detach: false };
    const forward: number[] = [];
    for (const byte of input) {
      this.#held.push(byte);
      while (!this.#fits()) forward.push(this.#held.shift() ?? 0);
      if (this.#held.length === this.#keys.length) {
        this.#held = [];
        return { forward: Buffer.from(forward), detach: true };
      }
    }
    return { forward: Buffer.from(forward), detach: false };
  }

  /** Gives up on a partial match and returns the bytes that were held back. */
  release(): Buffer {
    const held = Buffer.from(this.#held);
    this.#held = [];
    return held;
  }

  #fits(): boolean {
    return this.#held.every((byte, index) => byte === this.#keys[index]);
  }
}
