// What runs in a virtual machine (vm.ts): one process and one daemon for all, as each start of Node.js takes seconds there.
// On v2 every limit by its effect; v1 is what most machines of the host's tests have, without v2 beside it.
import { join } from 'node:path';
import { effectSuite, limitsByEffect } from '../effects/all.ts';
import { suite } from '../harness/suite.ts';
import { engineTests } from './engine.ts';

const layout = process.env['LIKER_TEST_LAYOUT'] === 'v1' ? 'v1' : 'v2';
const effects = layout === 'v2' ? effectSuite() : undefined;

engineTests(effects?.suite ?? suite(), layout);
if (effects !== undefined) limitsByEffect(effects);
for (const file of process.argv.slice(2)) await import(join(process.cwd(), file));
