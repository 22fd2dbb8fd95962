// Secrets: what containers see of them, and where nothing of them is to be found.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { suite } from './harness/suite.ts';
import { inBothModes } from './hostile/modes.ts';

const s = suite();
/** Stands nowhere else on this machine. */
const hidden = `hidden-${crypto.randomUUID()}`;

/** A secret for one test. */
async function create(t: TestContext, name: string, content: string | Buffer): Promise<void> {
  t.after(() => s.ok(['secret', 'rm', name]));
  const file = join(s.daemon.home, `${name}.txt`);
  writeFileSync(file, content);
  await s.ok(['secret', 'create', name, file]);
  writeFileSync(file, '');
}

inBothModes('a secret is a read-only file in memory, with owner and mode', async ({ flags, userns }, t) => {
  const name = `key-${userns}`;
  await create(t, name, 'one\0two');
  const script = `od -c /run/secrets/${name} | head -1; stat -c '%a %u:%g %s' /run/secrets/${name} /etc/key; stat -f -c %T /etc/key; touch /etc/key 2>&1 | grep -o Read-only`;
  const out = await s.sh(
    [...flags, '--secret', name, '--secret', `${name},target=/etc/key,mode=0400,uid=7,gid=8`],
    script,
  );
  const [bytes, ...rest] = out.split('\n');
  assert.match(bytes ?? '', /o +n +e +\\0 +t +w +o/);
  assert.deepEqual(rest, ['444 0:0 7', '400 7:8 7', 'tmpfs', 'Read-only']);
});

test('what it holds stands in no file of likerd, no environment, no inspect, no event and no plan', async (t) => {
  await create(t, 'quiet', hidden);
  const id = await s.detached(['--secret', 'quiet'], ['sleep', '1000']);
  assert.equal(await s.ok(['exec', id, 'cat', '/run/secrets/quiet']), hidden);
  const said = [
    await s.ok(['inspect', id]),
    await s.ok(['explain', id]),
    await s.ok(['explain', '--format', 'json', id]),
    await s.ok(['events', '--since', '1h', '--until', '0s']),
    await s.ok(['secret', 'ls', '--format', 'json']),
    await s.ok(['exec', id, 'env']),
  ];
  for (const text of said) assert.ok(!text.includes(hidden));
  const { status, stdout } = spawnSync('grep', ['-rlas', hidden, s.daemon.root, s.daemon.run], {
    encoding: 'utf8',
  });
  assert.equal(stdout, '');
  assert.equal(status, 1);
  const inUse = await s.likerctl(['secret', 'rm', 'quiet']);
  assert.equal(inUse.code, 1);
  assert.match(inUse.stderr, /Cannot remove secret 'quiet': container '.*' \(.*\) has it/);
  await s.ok(['rm', '-f', id]);
});

test('it outlives likerd, and a container that was stopped sees it again', async (t) => {
  await create(t, 'lasting', 'still here');
  const id = await s.ok(['create', '--secret', 'lasting', s.rootfs, 'cat', '/run/secrets/lasting']);
  await s.daemon.kill9();
  await s.daemon.restart();
  assert.equal(await s.ok(['start', '-a', id]), 'still here');
  await s.ok(['rm', id]);
});

test('stdin, the greatest size, and what is refused', async (t) => {
  const most = Buffer.alloc(500 * 1024, 'x');
  const stdin = (content: Buffer) => ({ stdin: content });
  await s.ok(['secret', 'create', 'large', '-'], stdin(most));
  t.after(() => s.ok(['secret', 'rm', 'large']));
  assert.equal(await s.sh(['--secret', 'large'], 'wc -c </run/secrets/large'), String(most.length));
  for (const [args, content, error] of [
    [['large', '-'], most, /Cannot create secret 'large': there is one/],
    [['larger', '-'], Buffer.alloc(most.length + 1, 'x'), /it has 512001 bytes; use 1 to 512000/],
    [['empty', '-'], Buffer.alloc(0), /it has 0 bytes/],
    [['a/b', '-'], most, /Invalid secret name 'a\/b'/],
    [['none', '/nowhere'], most, /Cannot read '\/nowhere': ENOENT: there is no such file/],
  ] as const) {
    const { code, stderr } = await s.likerctl(['secret', 'create', ...args], stdin(content));
    assert.notEqual(code, 0, args[0]);
    assert.match(stderr, error);
  }
  for (const [flag, error] of [
    ['nowhere', /No such secret: 'nowhere'/],
    ['large,target=/x,mode=9', /mode must be an octal number/],
    ['large,env=X', /unknown key 'env'/],
    ['large,target=/', /Invalid secret target: the root itself/],
  ] as const) {
    const { code, stderr } = await s.run(['--secret', flag], ['true']);
    assert.equal(code, 125);
    assert.match(stderr, error);
  }
});
