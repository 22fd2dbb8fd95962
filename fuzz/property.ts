import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LikerError, type Reason } from '../common/errors.ts';

const seconds = Number(process.env['LIKER_FUZZ_SECONDS'] ?? 0);

/**
 * Tries a property with some values, the same in every run; with LIKER_FUZZ_SECONDS, with new ones for that long. Throws with the
 * smallest value that fails, and the seed that finds it again (`seed` and `path` of fc.assert).
 */
export function holds<T>(values: fc.Arbitrary<T>, check: (value: T) => void, runs = 500): void {
  fc.assert(
    fc.property(values, (value) => check(value)),
    effort(runs),
  );
  requireClean();
}

/** As `holds`, for what takes more than a turn. */
export async function holdsLater<T>(
  values: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  runs = 500,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(values, (value) => check(value)),
    effort(runs),
  );
  requireClean();
}

function effort(runs: number) {
  return seconds > 0
    ? { numRuns: 2 ** 31 - 1, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false }
    : { numRuns: runs, seed: 1 };
}

function requireClean(): void {
  const soiled = Object.keys(Object.prototype);
  assert.deepEqual(soiled, [], 'no input gives all objects a property');
}

/** Characters with a meaning somewhere: in a path, a terminal, a file, a number. */
const odd = [
  '',
  ' ',
  '\0',
  '\n',
  '\r\n',
  '\t',
  '\x1b[2J',
  '..',
  '-1',
  '0',
  '٣',
  'é',
  '\u202e',
  '\ud800',
  '😀',
];

/** Names that every object inherits. */
export const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];

/** Texts made of these pieces, and of any others. */
export function textOf(...pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...pieces) },
    { weight: 2, arbitrary: fc.constantFrom(...odd, ...inherited) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String) },
  );
  return fc.array(piece, { maxLength: 12 }).map((some) => some.join(''));
}

/** Texts, as the bytes of a file: latin1 where they are not UTF-8. */
export function bytesOf(...pieces: readonly string[]): fc.Arbitrary<Buffer> {
  return fc.oneof(
    textOf(...pieces).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  );
}

/** What `run` returns; undefined if it refuses, as a LikerError of one of these reasons that a person can read. */
/** As `accepted`, for what takes more than a turn; of any reason but UNKNOWN. */
export async function acceptedLater<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof LikerError)) throw error;
    checkRefusal(error, [error.reason]);
    return undefined;
  }
}

export function accepted<T>(run: () => T, reasons: readonly Reason[] = ['BAD_ARGUMENT']): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof LikerError)) throw error;
    checkRefusal(error, reasons);
    return undefined;
  }
}

function checkRefusal(error: LikerError, reasons: readonly Reason[]): void {
  assert.ok(reasons.includes(error.reason), `${error.reason}: ${error.message}`);
  assert.match(error.message, /^[A-Z'"]/, 'a message begins with a capital');
  assert.doesNotMatch(
    error.message,
    /\n\s+at |\.ts:\d+|node:internal/,
    'a message tells nothing of the source',
  );
}
