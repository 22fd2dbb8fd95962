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

/** The output of the blocks of commands in a document, one after the other. */
async function run(document: string): Promise<string> {
  const text = readFileSync(join(repository, 'docs', document), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  assert.ok(blocks.length > 0);
  const cwd = s.folder(document);
  symlinkSync(s.rootfs, join(cwd, 'tools'));
  const path = `${join(repository, 'bin')}:${process.env['PATH']}`;
  const { stdout } = await promisify(execFile)('sh', ['-ec', blocks.join('')], {
    env: environment(s.daemon, { PATH: path }),
    cwd,
    timeout: 300_000,
  });
  return stdout;
}

test('docs/volumes.md', async () => {
  const volumes = /^data\nhello\nDRIVER +VOLUME NAME\nlocal +data\ndata\n/;
  const mounts =
    /[0-9a-f]{64}\n\/www\n\/scratch\nTYPE .*\nbind +\S+\/site +\/www +ro\ntmpfs +\/scratch.*\nhello\n\/www\nweb\n$/;
  const out = await run('volumes.md');
  assert.match(out, volumes);
  assert.match(out, mounts);
});

test('docs/secrets.md', async () => {
  const out = await run('secrets.md');
  assert.match(out, /^db\ns3cret-r-------- 1 33 33 6 .* \/etc\/db\.key\nNAME .*\ndb .*\ndb\n$/);
});
