import { join } from 'node:path';
import { readImports, violation } from './layers.ts';

for (const entry of readImports(join(import.meta.dirname, '..'))) {
  const why = violation(entry);
  if (why === undefined) continue;
  console.error(`${entry.from} imports ${entry.to}: ${why}`);
  process.exitCode = 1;
}
