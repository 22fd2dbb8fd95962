// This likerd continues what an older one started and stored, whether the older one was killed or shut down.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Container } from '../proto/gen/types/liker/v1/Container.ts';
import { Containers } from './harness/containers.ts';
import { type Daemon, repository, startDaemon } from './harness/daemon.ts';
import { likerctl, ok } from './harness/likerctl.ts';
import { buildOlderVersion, olderVersion, whyNoOlderVersion } from './harness/older-version.ts';
import { buildRootfs } from './harness/rootfs.ts';
import { terminal } from './harness/terminal.ts';
import { until } from './harness/until.ts';

const skip = whyNoOlderVersion() || false;

/** One container of each kind: its state, and the flags and the command with which it got there. */
const kinds: Readonly<
  Record<string, { readonly flags: string; readonly script: string; readonly state: string }>
> = {
  plain: {
    flags: '',
    script: 'trap "echo got it; exit 7" TERM; echo begun; while :; do sleep 0.1; done',
    state: 'RUNNING',
  },
  limited: {
    flags: '--memory 64m --cpus 0.5 --pids-limit 50 --ulimit nofile=99',
    script: 'sleep 1000',
    state: 'RUNNING',
  },
  frozen: { flags: '', script: 'sleep 1000', state: 'PAUSED' },
  ended: { flags: '', script: 'echo precious > /file; exit 3', state: 'EXITED 3' },
  policy: { flags: '--restart always', script: 'sleep 1000', state: 'RUNNING' },
  waiting: { flags: '--restart always', script: 'exit 1', state: 'RESTARTING' },
  healthy: { flags: '--health-cmd true --health-interval 1s', script: 'sleep 1000', state: 'RUNNING' },
  timed: { flags: '--timeout 1000', script: 'sleep 1000', state: 'RUNNING' },
  hosted: {
    flags: '--network host --pid host --ipc host --uts host',
    script: 'sleep 1000',
    state: 'RUNNING',
  },
  joined: {
    flags: '--network container:plain --ipc container:plain',
    script: 'sleep 1000',
    state: 'RUNNING',
  },
  mounted: {
    flags:
      '--read-only --tmpfs /scratch:size=1m,mode=1777 -v /usr/share:/share:ro --sysctl net.ipv4.ip_forward=1',
    script: 'sleep 1000',
    state: 'RUNNING',
  },
  doomed: { flags: '--rm', script: 'sleep 1000', state: 'RUNNING' },
};

async function populate(daemon: Daemon, rootfs: string, older: string): Promise<void> {
  const containers = new Containers({ daemon, rootfs });
  for (const [name, { flags, script }] of Object.entries(kinds))
    await ok(daemon, [
      'run',
      '-d',
      '--name',
      name,
      ...flags.split(' ').filter(Boolean),
      rootfs,
      'bash',
      '-c',
      script,
    ]);
  await ok(daemon, [
    'create',
    '--name',
    'made',
    '--label',
    `by=${older}`,
    rootfs,
    'sh',
    '-c',
    'echo at last',
  ]);
  await ok(daemon, ['pause', 'frozen']);
  await ok(daemon, ['exec', '-d', 'limited', 'sleep', '999']);
  for (const [name, { state }] of Object.entries(kinds))
    await until(`${name} is ${state}`, async () => (await containers.state(name)) === state);
}

/** The same is known about each container as before; a run that went on is the same run. */
async function expectSame(containers: Containers, before: ReadonlyMap<string, Container>): Promise<void> {
  for (const [name, was] of before) {
    if (name === 'waiting') continue; // it keeps failing
    const is = await containers.get(name);
    assert.deepEqual(
      [name, is.id, is.state, is.pid, is.execIds],
      [name, was.id, was.state, was.pid, was.execIds],
    );
    // All of before have the host's user namespace, and keep it.
    assert.equal(is.spec?.namespaces?.user, 'host');
    const spec = { ...is.spec, namespaces: { ...is.spec?.namespaces, user: '' } };
    assert.deepEqual(known(spec), known(was.spec), name);
    assert.deepEqual(is.appliedLimits, was.appliedLimits, name);
    assert.deepEqual(is.cgroupPaths, was.cgroupPaths, name);
  }
}

/** Without the fields that the older version did not have, which are empty. */
function known(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(known);
  if (value === null || typeof value !== 'object') return value;
  const isSet = (field: unknown): boolean =>
    field !== null && field !== undefined && field !== '' && field !== false;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, field]) => [key, known(field)] as const)
      .filter(([, field]) => isSet(field) && JSON.stringify(field) !== '[]' && JSON.stringify(field) !== '{}')
      // proto-loader marks optional fields that are there by "_NAME".
      .filter(([key]) => !key.startsWith('_') || isSet((value as Record<string, unknown>)[key.slice(1)])),
  );
}

/** Every verb, on containers of the older version. */
async function expectUsable(daemon: Daemon, containers: Containers): Promise<void> {
  const ctl = (...args: string[]) => ok(daemon, args);
  assert.equal(await ctl('exec', 'plain', 'echo', 'in it'), 'in it');
  assert.match(await ctl('exec', 'plain', 'cat', '/proc/self/uid_map'), /^ +0 +0 +4294967295$/);
  assert.match(await ctl('top', 'limited'), /sleep 999/);
  await ctl('update', '--pids-limit', '60', 'limited');
  const network = ['readlink', '/proc/self/ns/net'];
  assert.equal(await ctl('exec', 'joined', ...network), await ctl('exec', 'plain', ...network));
  await ctl('unpause', 'frozen');
  await ctl('stop', 'plain');
  assert.equal(await containers.state('plain'), 'EXITED 7');
  assert.equal(await ctl('logs', 'plain'), 'begun\ngot it');
  assert.equal(await ctl('start', '-a', 'made'), 'at last');
  assert.equal(await ctl('inspect', '-f', '{{.HostConfig.UsernsMode}}', 'made'), 'host');
  await ctl('wait', '--condition', 'healthy', 'healthy');
  await ctl('restart', 'timed', '-t', '0');
  await ctl('rename', 'hosted', 'of-the-host');
  await ctl('kill', 'doomed');
  await until('doomed is removed', async () => !(await containers.names()).includes('doomed'));
  assert.equal((await likerctl(daemon, ['start', '-a', 'ended'])).code, 3);
  assert.equal(
    await ctl('exec', 'mounted', 'sh', '-c', 'ls -d /share/doc; touch /x 2>/dev/null || echo read-only'),
    '/share/doc\nread-only',
  );
}

for (const how of ['SIGKILL', 'SIGTERM'] as const) {
  test(`containers and records of ${olderVersion}, which exits by ${how}`, { skip }, async () => {
    const older = buildOlderVersion();
    const daemon = await startDaemon({ checkout: older });
    try {
      const rootfs = await buildRootfs(daemon);
      await populate(daemon, rootfs, olderVersion);
      const containers = new Containers({ daemon, rootfs });
      const names = await containers.names();
      const before = new Map(
        await Promise.all(names.map(async (name) => [name, await containers.get(name)] as const)),
      );
      const lastEvent = (await containers.events()).at(-1);
      await using session = terminal(daemon, ['run', '-it', '--name', 'typed', rootfs, 'bash', '--norc'], {
        file: join(older, 'bin/likerctl'),
      });
      await session.waitForText('#');

      await daemon.stop(how);
      session.type('echo "still $((40 + 2))"\r');
      await daemon.start([], repository);

      await session.waitForText('still 42');
      session.type('exit 5\r');
      assert.equal(await session.end(), 5);
      await expectSame(containers, before);
      const events = await containers.events();
      assert.ok(
        events.some(({ seq }) => String(seq) === String(lastEvent?.seq)),
        'its events are kept',
      );

      await expectUsable(daemon, containers);
    } finally {
      await daemon.destroy();
    }
  });
}
