// Attacks are tried in each user-namespace mode, since an obstacle of one may be missing in the other.
import { describe, type TestContext, test } from 'node:test';
import { isOrdinaryUser } from '../harness/requires.ts';
import { type Suite, type SuiteOptions, suite } from '../harness/suite.ts';

/** A value of --userns, with the flags that ask for it. */
export interface Mode {
  readonly userns: 'host' | 'auto';
  readonly flags: readonly string[];
}

/** Without root there is no range of ids for a container. */
export const modes: readonly Mode[] = (
  isOrdinaryUser ? (['host'] as const) : (['host', 'auto'] as const)
).map((userns) => ({
  userns,
  flags: ['--userns', userns],
}));

/** A test for each mode, named `NAME (--userns MODE)`. */
export function inBothModes(name: string, attack: (mode: Mode, t: TestContext) => Promise<void>): void {
  describe(name, { concurrency: 1 }, () => {
    for (const mode of modes) test(`${name} (--userns ${mode.userns})`, (t) => attack(mode, t));
  });
}

/** A daemon and a root file system with the programs that attack: `asker` and `intruder` of test/fixtures. */
export function hostileSuite(options: SuiteOptions = {}): Suite {
  return suite({ helpers: ['asker', 'intruder'], ...options });
}
