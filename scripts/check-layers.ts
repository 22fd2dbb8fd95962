import { join } from 'node:path';
import { importsOf, lookupViolation, outputViolation, readSources, violation } from './layers.ts';

function complain(text: string): void {
  console.error(text);
  process.exitCode = 1;
}

for (const [file, source] of readSources(join(import.meta.dirname, '..'))) {
  for (const entry of importsOf(file, source)) {
    const why = violation(entry);
    if (why !== undefined) complain(`${entry.from} imports ${entry.to}: ${why}`);
  }
  for (const why of [outputViolation(file, source), lookupViolation(file, source)]) {
    if (why !== undefined) complain(`${file}: ${why}`);
  }
}
