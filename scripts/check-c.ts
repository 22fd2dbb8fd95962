import { join } from 'node:path';
import { checkC, readCSources } from './c-modules.ts';
import { readDeps } from './deps.ts';

const top = join(import.meta.dirname, '..');
const problems = checkC(readDeps(top, 'native/{include,src}'), readCSources(top));

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
