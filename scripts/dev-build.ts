// Loaded before daemon/main.ts at every restart of `npm run dev`.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

execFileSync('sh', [join(import.meta.dirname, 'build'), 'proto', 'native'], { stdio: 'inherit' });
