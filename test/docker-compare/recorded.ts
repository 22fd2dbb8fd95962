import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../fixtures/docker-20.10');

/** Where recordings are. */
export const recorded = { requests: join(folder, 'requests.json'), lines: join(folder, 'lines.json') };

export function readRecorded<T>(name: keyof typeof recorded): T {
  return JSON.parse(readFileSync(recorded[name], 'utf8')) as T;
}
