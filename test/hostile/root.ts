import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { compile } from '../harness/rootfs.ts';
import type { Suite } from '../harness/suite.ts';

/** A folder that is removed after the tests of the file. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lk-work-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A small root file system at `folder` that a test may spoil, as a hostile image would. */
export async function hostileRoot(s: Suite, folder: string): Promise<string> {
  await s.ok(['rootfs', 'build', folder]);
  compile('asker', join(folder, 'usr/bin/asker'));
  return folder;
}
