// Each flag of networks does the same in each user-namespace mode, by traffic.
import { afterEach, describe, test } from 'node:test';
import { networkSuite } from './harness/network-suite.ts';
import { modes } from './hostile/modes.ts';
import { networks } from './userns-flags/networks.ts';

const s = await networkSuite();

for (const mode of modes)
  describe(`--userns ${mode.userns}`, { concurrency: 1 }, () => {
    afterEach(async () => {
      const left = (await s.ok(['ps', '-aq'])).split('\n').filter(Boolean);
      if (left.length > 0) await s.ok(['rm', '-f', ...left]);
      await s.ok(['network', 'prune', '-f']);
    });
    for (const [flags, effect] of networks) test(flags, () => effect(s, mode));
  });
