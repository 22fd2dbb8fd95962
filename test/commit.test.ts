// diff and commit: what a container has changed, and images of it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isOrdinaryUser } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { inBothModes } from './hostile/modes.ts';

const s = suite();

async function running(t: TestContext, args: readonly string[]): Promise<string> {
  const id = (await s.ok(['run', '-d', ...args, 'sleep', '1000'])).trim();
  t.after(() => s.ok(['rm', '-f', id]));
  return id;
}

inBothModes('an image of a container has its files and runs like it', async ({ flags, userns }, t) => {
  const base = `base:${userns}`;
  const id = await running(t, [...flags, '-e', 'A=b', '-w', '/tmp', '-v', '/data', s.rootfs]);
  await s.ok([
    'exec',
    id,
    'bash',
    '-c',
    'echo one >/one; chown 7:8 /one; mkdir /gone /kept; touch /gone/x /kept/x; echo no >/data/x',
  ]);
  assert.match(await s.ok(['commit', id, base]), /^sha256:[0-9a-f]{64}$/);
  t.after(() => s.ok(['rmi', '-f', base]));
  // On an image it is one more layer, with what was removed.
  const upper = await running(t, [...flags, base]);
  await s.ok(['exec', upper, 'bash', '-c', 'rm -r /gone /kept; mkdir /kept; touch /kept/y; echo two >>/one']);
  const changes = (await s.ok(['diff', upper])).split('\n');
  for (const change of ['D /gone', 'C /kept', 'A /kept/y', 'C /one'])
    assert.ok(changes.includes(change), changes.join(' '));
  const name = `next:${userns}`;
  await s.ok([
    'commit',
    '-a',
    'me',
    '-m',
    'why',
    '-c',
    'ENV C=d',
    '-c',
    'CMD ["bash","-c","cat /one; stat -c %u:%g /one; ls / /kept; echo $A$C $PWD"]',
    upper,
    name,
  ]);
  t.after(() => s.ok(['rmi', '-f', name]));
  const out = (await s.ok(['run', '--rm', ...flags, name])).split('\n');
  assert.deepEqual(out.slice(0, 3), ['one', 'two', '7:8']);
  assert.equal(out.at(-1), 'bd /tmp');
  assert.ok(!out.includes('gone') && !out.includes('x') && out.includes('y'));
  assert.match(await s.ok(['history', '--format', '{{.Comment}}', name]), /^why/);
  assert.equal((await s.inspect(upper)).State.Status, 'running');
});

/** Without root, ids that no layer on the disk has; and a layer that is idmapped with root. */
const ownIds = ['--userns', isOrdinaryUser ? 'keep-id' : 'auto'];

test('what a container with ids of its own has removed does not come back', async (t) => {
  const first = await running(t, [s.rootfs]);
  await s.ok(['exec', first, 'bash', '-c', 'mkdir /gone; touch /gone/x; echo one >/one']);
  await s.ok(['commit', first, 'removed:1']);
  t.after(() => s.ok(['rmi', '-f', 'removed:1', 'removed:2']));
  const upper = await running(t, [...ownIds, '--user', '0', 'removed:1']);
  await s.ok(['exec', '--user', '0', upper, 'bash', '-c', 'rm -r /gone; touch /two; chown 5:6 /two']);
  await s.ok(['commit', upper, 'removed:2']);
  const script = 'ls -d /gone 2>&1; cat /one; stat -c %u:%g /two';
  const out = await s.ok(['run', '--rm', 'removed:2', 'bash', '-c', script]);
  assert.match(out, /No such file or directory\none\n5:6$/);
});

test('a container that does not run is committed, too, and a wrong change makes no image', async (t) => {
  const id = (await s.ok(['create', s.rootfs, 'true'])).trim();
  t.after(() => s.ok(['rm', '-f', id]));
  const before = await s.ok(['images', '-q']);
  const { code, stderr } = await s.likerctl(['commit', '-c', 'RUN x', id]);
  assert.equal(code, 1);
  assert.match(stderr, /Invalid change 'RUN x'/);
  assert.equal(await s.ok(['images', '-q']), before);
  const image = await s.ok(['commit', id]);
  t.after(() => s.ok(['rmi', image]));
  assert.equal(await s.ok(['run', '--rm', image, 'echo', 'there']), 'there');
});

test('a directory that is written to itself has no changes that are known', async () => {
  const id = (await s.ok(['create', `${s.rootfs}:rw`, 'true'])).trim();
  const { code, stderr } = await s.likerctl(['diff', id]);
  assert.equal(code, 1);
  assert.match(stderr, /its root is a directory of the host itself/);
  await s.ok(['rm', id]);
});
