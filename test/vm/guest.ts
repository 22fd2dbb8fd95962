// What runs in a virtual machine (vm.ts): one process and one daemon for all, as each start of Node.js takes seconds there.
// On v2 every limit by its effect; the controllers of v1 are those of the host, whose tests show them.
import { effectSuite, limitsByEffect } from '../effects/all.ts';
import { suite } from '../harness/suite.ts';
import { engineTests } from './engine.ts';

const layout = process.env['LIKER_TEST_LAYOUT'] === 'v1' ? 'v1' : 'v2';
const effects = layout === 'v2' ? effectSuite() : undefined;

engineTests(effects?.suite ?? suite(), layout);
if (effects !== undefined) limitsByEffect(effects);
for (const name of process.argv.slice(2)) await import(`../../daemon/kernel/cgroup/${name}.root.test.ts`);
