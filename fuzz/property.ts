import fc from 'fast-check';

const seconds = Number(process.env['LIKER_FUZZ_SECONDS'] ?? 0);

/**
 * Tries a property with 500 values, the same in every run; with LIKER_FUZZ_SECONDS, with new ones for that long. Throws with the smallest
 * value that fails, and the seed that finds it again (`seed` and `path` of fc.assert).
 */
export function holds<T>(values: fc.Arbitrary<T>, check: (value: T) => void, runs = 500): void {
  const effort =
    seconds > 0
      ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1000 }
      : { numRuns: runs, seed: 1 };
  fc.assert(fc.property(values, check), effort);
}
