import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { LikerError } from '../../common/errors.ts';
import type { FillOptions } from './provider.ts';

/** The last bytes of a tool's output that an error quotes. */
const quotedBytes = 2000;

/** The first of these programs that is on this machine. Throws BAD_ROOTFS, with the command that installs one. */
export function requireTool(names: readonly string[], install: string): string {
  const folders = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(':').filter((folder) => folder !== '');
  const found = names.find((name) => folders.some((folder) => isExecutable(join(folder, name))));
  if (found !== undefined) return found;
  const missing = names.length === 1 ? `${names[0]} is not` : `none of ${names.join(', ')} is`;
  throw new LikerError(
    'BAD_ROOTFS',
    `Cannot build a root file system: ${missing} on this machine; install it, on Debian with '${install}'`,
    { metadata: { program: names[0] ?? '' } },
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a tool, whose progress is shown on stderr. Throws an Error with its last words if it fails, and an AbortError once it has ended after an abort. */
export async function runTool(
  program: string,
  args: readonly string[],
  { quiet, signal }: FillOptions,
): Promise<void> {
  const stderr = 2;
  const child = spawn(program, args, {
    stdio: ['ignore', ...(quiet ? (['pipe', 'pipe'] as const) : [stderr, stderr])],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes: Buffer) => {
      said = (said + bytes.toString('utf8')).slice(-quotedBytes);
    });
  const abort = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const [code, killed] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    signal?.throwIfAborted();
    if (code !== 0)
      throw new Error(`${program} ended with ${killed ?? code}${quiet ? `: ${said.trim()}` : '; see above'}`);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
