// Runs the blocks of docs/volumes.md and docs/secrets.md as they are printed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { repository } from './harness/daemon.ts';
import { environment } from './harness/likerctl.ts';
import { suite } from './harness/suite.ts';

const s = suite();

/** The output of the only block of commands in a document. */
async function run(document: string): Promise<string> {
  const text = readFileSync(join(repository, 'docs', document), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  assert.equal(blocks.length, 1);
  const cwd = s.folder(document);
  symlinkSync(s.rootfs, join(cwd, 'tools'));
  const path = `${join(repository, 'bin')}:${process.env['PATH']}`;
  const { stdout } = await promisify(execFile)('sh', ['-ec', blocks[0] ?? ''], {
    env: environment(s.daemon, { PATH: path }),
    cwd,
    timeout: 300_000,
  });
  return stdout;
}

test('docs/volumes.md', async () => {
  assert.match(await run('volumes.md'), /^data\nhello\nDRIVER +VOLUME NAME\nlocal +data\ndata\n$/);
});

test('docs/secrets.md', async () => {
  const out = await run('secrets.md');
  assert.match(out, /^db\ns3cret-r-------- 1 33 33 6 .* \/etc\/db\.key\nNAME .*\ndb .*\ndb\n$/);
});
