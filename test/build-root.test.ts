// Images made from the machine's own programs.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { suite } from './harness/suite.ts';

const s = suite();

test('image build-root makes an image that runs, and leaves nothing else', async () => {
  const TMPDIR = join(s.folder('build'), 'tmp');
  mkdirSync(TMPDIR);
  const said = await s.ok(['image', 'build-root', '-c', 'ENV A=b', 'mine'], { env: { TMPDIR } });
  const [doing = '', built = '', id = ''] = said.split('\n');
  assert.match(doing, /^Copying \d+ programs of this machine to image mine:latest$/);
  assert.match(built, /^Built a root file system: \d+ programs/);
  assert.match(id, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(readdirSync(TMPDIR), []);
  assert.equal(
    await s.ok(['image', 'inspect', '-f', '{{.Id}} {{json .Config.Cmd}}', 'mine']),
    `${id} ["bash"]`,
  );
  assert.equal(
    await s.ok(['run', '--rm', 'mine', 'bash', '-c', 'echo $A $(id -u); stat -c %u:%g /usr/bin/bash']),
    'b 0\n0:0',
  );
  assert.match(
    await s.ok(['history', '--format', '{{.Comment}}', 'mine']),
    /^Built by likerctl image build-root --provider host$/,
  );
  const wrong = await s.likerctl(['image', 'build-root', '--suite', 'x', 'other']);
  assert.deepEqual(
    [wrong.code, /--suite is not for --provider host/.test(wrong.stderr)],
    [1, true],
    wrong.stderr,
  );
  const noName = await s.likerctl(['image', 'build-root', 'Not A Name']);
  assert.equal(noName.code, 1);
  await s.ok(['rmi', 'mine']);
  for (const name of ['layers', 'blobs/sha256', 'ingest'])
    assert.deepEqual(readdirSync(join(s.daemon.root, name)), [], name);
});
