import assert from 'node:assert/strict';
import { mkdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { fromShim } from '../../common/shim/protocol.ts';
import { encodeLookUp } from '../../daemon/kernel/plan/encode.ts';
import { foundId, type Step } from '../../daemon/kernel/plan/steps.ts';
import { startTime } from './fixture.ts';
import { bind, containerSteps, mount } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const { ENOENT, EFBIG, E2BIG } = constants.errno;

const passwd = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/usr/sbin:/bin/false
# comment:x:5:5::/:/bin/sh
broken:x:abc:7::/:/bin/sh
empty:x:::gecos:/:/bin/sh
negative:x:-1:0::/:/bin/sh
huge:x:4294967295:0::/:/bin/sh
spaces:x: 0:0::/:/bin/sh
short:x:8:8
nul:x:9:9:\0:/:/bin/sh
web:x:1000:1000:Web:/srv/web:/bin/sh
web:x:2000:2000:second:/elsewhere:/bin/sh
relative:x:1001:1001::home/rel:/bin/sh
7000:x:1:1::/digits:/bin/sh
`;

const group = `root:x:0:
daemon:x:1:
www:x:33:web,daemon
audio:x:44: web ,other
bad:x:x1:web
web:x:1000:
dup:x:33:web
nul:x:45:web,\0
`;

interface Asked {
  readonly group?: string | null;
  readonly moreGroups?: readonly string[];
  readonly env?: readonly string[];
  /** Steps between the mounts and the look-up. */
  readonly before?: readonly Step[];
}

const etc = (name: string) => join(fixture().rootfs, 'etc', name);
function write(files: { readonly passwd?: string; readonly group?: string }): void {
  for (const name of ['passwd', 'group'] as const) {
    rmSync(etc(name), { recursive: true, force: true });
    const text = files[name];
    if (text !== undefined) writeFileSync(etc(name), text);
  }
}
beforeEach(() => write({ passwd, group }));

function start(user: string, { group = null, moreGroups = [], env = [], before = [] }: Asked) {
  const script =
    'echo $(id -u) $(id -g) $(grep Groups /proc/self/status) "$HOME"; grep CapEff /proc/self/status';
  const steps = containerSteps(
    fixture().container({
      args: ['/bin/sh', '-c', script],
      env: ['PATH=/bin', ...env],
      beforePivot: before,
      afterPivot: [{ step: 'look-up-user', user, group, moreGroups }],
    }),
  );
  const looked = steps
    .filter(({ step }) => step !== 'groups')
    .map((step) => (step.step === 'user' ? { ...step, uid: foundId, gid: foundId } : step));
  return fixture().spawn(looked);
}

/** UID GID GROUPS HOME */
async function who(user: string, asked: Asked = {}): Promise<string> {
  await using shim = await start(user, asked);
  const { code } = await shim.peer.exit();
  assert.equal(code, 0, shim.peer.text(0, 2));
  const [identity = '', capabilities = ''] = shim.peer.text().split('\n');
  // A user other than root has none.
  assert.equal(/0{16}$/.test(capabilities), !identity.startsWith('0 '), capabilities);
  return identity
    .replace(' Groups:', ' [')
    .replace(/( \/\S*)?$/, ' ]$1')
    .replace('[ ]', '[]');
}

async function refused(user: string, asked: Asked, [call, errno, object]: [string, number, string]) {
  await using shim = await start(user, asked);
  const failure = await shim.peer.failed();
  assert.deepEqual(
    { name: failure.name, call: failure.call, errno: failure.errno, object: failure.object },
    { name: 'look-up-user', call, errno, object },
  );
}
const unknownUser = (user: string, asked: Asked = {}) => refused(user, asked, ['getpwnam', ENOENT, user]);

test('an empty user is root, with or without an entry', async () => {
  assert.equal(await who(''), '0 0 [ 0 ] /root');
  write({});
  assert.equal(await who(''), '0 0 [ 0 ] /');
});

test('a name and its number are the same user, with its groups', async () => {
  assert.equal(await who('web'), '1000 1000 [ 33 44 1000 ] /srv/web');
  assert.equal(await who('1000'), '1000 1000 [ 33 44 1000 ] /srv/web');
});

test('an explicit group is the only one, except for added groups', async () => {
  assert.equal(await who('web', { group: 'audio' }), '1000 44 [ 44 ] /srv/web');
  assert.equal(await who('web', { group: '99' }), '1000 99 [ 99 ] /srv/web');
  assert.equal(await who('', { group: 'audio' }), '0 44 [ 44 ] /root');
  assert.equal(await who('web', { moreGroups: ['www', '44', '7'] }), '1000 1000 [ 7 33 44 1000 ] /srv/web');
  await refused('web', { group: 'nosuch' }, ['getgrnam', ENOENT, 'nosuch']);
  await refused('web', { moreGroups: ['nosuch'] }, ['getgrnam', ENOENT, 'nosuch']);
});

test('a number without an entry has gid 0 and home /; digits are never a name; a relative home is ignored', async () => {
  assert.equal(await who('4242'), '4242 0 [ 0 ] /');
  assert.equal(await who('7000'), '7000 0 [ 0 ] /');
  assert.equal(await who('4294967294'), '4294967294 0 [ 0 ] /');
  assert.equal(await who('relative'), '1001 1001 [ 1001 ] /');
  assert.equal(await who('web', { env: ['HOME=/mine'] }), '1000 1000 [ 33 44 1000 ] /mine');
});

test('T15: an unknown name is an error, never 0', async () => {
  for (const user of ['nosuch', 'Root', ' root', 'root ', '0x0', '+0', '-0', '0 ', '1e3', '٣', '00000000000'])
    await unknownUser(user);
  write({});
  await unknownUser('root');
  await refused('', { group: 'root' }, ['getgrnam', ENOENT, 'root']);
});

test('T15: malformed entries are ignored', async () => {
  for (const user of ['broken', 'empty', 'negative', 'huge', 'spaces', 'short', '# comment', 'nul'])
    await unknownUser(user);
  await refused('web', { group: 'bad' }, ['getgrnam', ENOENT, 'bad']);
});

test('large files, and lines of any length', async () => {
  const members = Array.from({ length: 20_000 }, (_, index) => `member-number-${index}`).join();
  const lines = Array.from({ length: 40_000 }, (_, index) => `group${index}:x:${index + 5000}:${index}`).join(
    '\n',
  );
  write({
    passwd: `${'x'.repeat(100_000)}:x:0:0::/:/bin/sh\n${passwd}`,
    group: `${lines}\nlast:x:77:${members},web`,
  });
  assert.equal(await who('web'), '1000 1000 [ 77 1000 ] /srv/web');
  assert.equal(await who('web', { group: 'last' }), '1000 77 [ 77 ] /srv/web');
  write({ passwd, group: `${`${'y'.repeat(1023)}\n`.repeat(65 * 1024)}` });
  await refused('web', {}, ['read', EFBIG, '/etc/group']);
  assert.equal(await who('web', { group: '5' }), '1000 5 [ 5 ] /srv/web');
  assert.equal(await who('4242'), '4242 0 [ 0 ] /');
  truncateSync(etc('passwd'), 65 << 20);
  assert.equal(await who('4242'), '4242 0 [ 0 ] /');
  await refused('web', {}, ['read', EFBIG, '/etc/passwd']);
});

test('as many groups as the kernel accepts, and not one more', async () => {
  // Its own group, 1000, counts.
  const listed = (count: number) =>
    Array.from({ length: count }, (_, index) => `g${index}:x:${index + 2000}:web\n`).join('');
  write({ passwd, group: listed(65_535) });
  assert.match(await who('web'), / 67534 \] /);
  write({ passwd, group: listed(65_536) });
  await refused('web', {}, ['setgroups', E2BIG, '']);
});

test('T16: a link leads nowhere but into the root, and only regular files are read', async () => {
  writeFileSync(join(fixture().folder, 'outside'), 'web:x:0:0::/:/bin/sh\n');
  const links = {
    absolute: join(fixture().folder, 'outside'),
    climbing: '../../../../../..'.concat(fixture().folder, '/outside'),
    loop: 'passwd',
    device: '/dev/zero',
    // Reading this file waits for the next message of the kernel, and removes it.
    messages: '/proc/kmsg',
    magic: '/proc/self/root/etc/passwd',
  };
  for (const [kind, to] of Object.entries(links)) {
    write({ group });
    symlinkSync(to, etc('passwd'));
    await unknownUser('web');
    // busybox would read a device for ever.
    if (kind !== 'device') assert.equal(await who('1000', { group: '1' }), '1000 1 [ 1 ] /', kind);
  }
  write({ group });
  writeFileSync(etc('real'), passwd);
  symlinkSync('/etc/real', etc('passwd'));
  assert.equal(await who('web'), '1000 1000 [ 33 44 1000 ] /srv/web');
  for (const name of ['passwd', 'group']) {
    write({ passwd, group });
    rmSync(etc(name));
    mkdirSync(etc(name));
    assert.equal(await who('', {}), name === 'passwd' ? '0 0 [ 0 ] /' : '0 0 [ 0 ] /root');
  }
});

test('the files are those that the process will see, with all mounts', async () => {
  const other = join(fixture().folder, 'other');
  writeFileSync(other, 'web:x:1500:1501::/mounted:/bin/sh\n');
  assert.equal(
    await who('web', { before: [bind(other, '/etc/passwd', { create: 'none' })] }),
    '1500 1501 [ 33 44 1501 ] /mounted',
  );
  await unknownUser('web', { before: [mount('tmpfs', '/etc', 0)] });
});

test('a plan that refers to a looked-up user without the look-up does not run as root', async () => {
  const steps = containerSteps(fixture().container({ args: ['/bin/true'] })).filter(
    ({ step }) => step !== 'groups',
  );
  await using shim = await fixture().spawn(
    steps.map((step) => (step.step === 'user' ? { ...step, uid: foundId, gid: foundId } : step)),
  );
  assert.equal((await shim.peer.failed()).name, 'user');
});

test('a shim that is asked for a user of a container answers and exits', async () => {
  await using container = await fixture().run('sleep 100');
  const pid = await container.started();
  const process = { pid, startTime: startTime(pid) };
  const ask = (user: string) =>
    fixture().spawnPlan(
      encodeLookUp(process, { step: 'look-up-user', user, group: null, moreGroups: ['7'] }),
      fixture().folder,
    );
  const changed = statSync('/dev/null').ctimeMs;
  await using found = await ask('web');
  const { payload } = await found.peer.until(({ type }) => type === fromShim.user);
  assert.deepEqual(
    [0, 4].map((at) => payload.readUInt32LE(at)),
    [1000, 1000],
  );
  assert.equal(payload.toString('latin1', 12, 20), '/srv/web');
  assert.deepEqual(
    [21, 25, 29, 33, 37].map((at) => payload.readUInt32LE(at)),
    [4, 7, 33, 44, 1000],
  );
  await found.ended();
  // It has the host's /dev/null as its stdin.
  assert.equal(statSync('/dev/null').ctimeMs, changed, 'no file was given to that user');
  await using unknown = await ask('nosuch');
  assert.equal((await unknown.peer.failed()).call, 'getpwnam');
  await unknown.ended();
});
