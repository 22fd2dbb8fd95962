// Runs in a virtual machine (vm.ts): one process and one daemon for all tests, since each start of Node.js takes seconds there.
import { effectSuite, limitsByEffect } from '../effects/all.ts';
import { suite } from '../harness/suite.ts';
import { engineTests } from './engine.ts';
import { labelTests } from './labels.ts';
import { delegatedTests } from './rootless.ts';

const layout = process.env['LIKER_TEST_LAYOUT'] === 'v1' ? 'v1' : 'v2';
const parts = process.argv.slice(2);

if (parts.includes('effects')) {
  const effects = effectSuite();
  engineTests(effects.suite, layout);
  limitsByEffect(effects);
} else if (parts.includes('engine')) engineTests(suite(), layout);
else if (parts.includes('labels')) labelTests(suite());
else if (parts.includes('rootless')) delegatedTests(suite({ ordinaryUser: true, delegated: true }));
for (const name of parts.filter((part) => !['effects', 'engine', 'labels', 'rootless'].includes(part)))
  await import(`../../daemon/kernel/cgroup/${name}.root.test.ts`);
