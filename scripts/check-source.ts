import { join } from 'node:path';
import { checkDeps, readDeps } from './deps.ts';
import { readSources } from './imports.ts';
import { lookupViolation, outputViolation } from './source-rules.ts';

const top = join(import.meta.dirname, '..');
const sources = readSources(top);

const problems = checkDeps(readDeps(top), sources);
for (const [file, source] of sources) {
  for (const why of [outputViolation(file, source), lookupViolation(file, source)]) {
    if (why !== undefined) problems.push(`${file}: ${why}`);
  }
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
