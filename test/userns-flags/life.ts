import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../harness/until.ts';
import type { Row } from './case.ts';

const mapOf = (pid: number): string => readFileSync(`/proc/${pid}/uid_map`, 'utf8');

export const life: readonly Row[] = [
  [
    '-i, --interactive, -e, --env, --env-file, --entrypoint',
    async (c) => {
      const file = join(c.folder, 'env');
      writeFileSync(file, 'C=d\n');
      const flags = ['-i', '-u', '1234', '-e', 'A=b', '--env-file', file, '--entrypoint', 'sh'];
      const { stdout } = await c.run(flags, ['-c', 'echo $A $C; cat'], { stdin: 'of likerctl' });
      assert.equal(stdout, 'b d\nof likerctl');
    },
  ],
  [
    '--on-disconnect',
    async (c) => {
      const name = `left-${c.mode.userns}`;
      const flags = [...c.mode.flags, '-i', '-u', '1234', '--name', name, '--on-disconnect', 'kill'];
      const client = c.s.start(['run', ...flags, c.s.rootfs, 'sh', '-c', 'echo ready; exec sleep 1000'], {
        stdin: 'open',
      });
      await client.waitFor('ready');
      client.kill('SIGKILL');
      await client.outcome;
      assert.equal(await c.s.ok(['wait', name]), '137');
      await c.s.ok(['rm', name]);
    },
  ],
  [
    '--init',
    async (c) => {
      assert.equal(await c.sh([], 'until grep -qx liker-init /proc/1/comm; do :; done; echo $$'), '2');
      assert.equal(await c.sh(['--init=false'], 'echo $$'), '1');
      const zombies = '(sleep 0.05 & exec true) & sleep 0.3; grep -l "^State:.Z" /proc/[0-9]*/status | wc -l';
      assert.equal(await c.sh([], zombies), '0');
    },
  ],
  [
    '--systemd',
    async (c) => {
      const script =
        'env | grep -c ^container=liker; echo $$; for at in /run /run/lock /tmp; do stat -f -c %T $at; done; for top in /sys/fs/cgroup/unified /sys/fs/cgroup; do test ! -e $top/cgroup.procs || break; done; mkdir $top/own 2>/dev/null && echo 0 >$top/own/cgroup.procs && grep ^0 /proc/self/cgroup';
      const { stdout } = await c.run(['--systemd', 'always'], ['sh', '-c', script]);
      assert.equal(stdout, '1\n1\ntmpfs\ntmpfs\ntmpfs\n0::/own\n');
      const plain = await c.run(['--systemd', 'false', '--init=false'], ['sh', '-c', `${script}; true`]);
      assert.match(plain.stdout, /^0\n1\n/);
      assert.doesNotMatch(plain.stdout, /own/);
    },
  ],
  [
    '--health-cmd',
    async (c) => {
      const flags = [
        '--health-cmd',
        'test "$(id -u)" = 1234 && echo fine',
        '--health-interval',
        '1s',
        '-u',
        '1234',
      ];
      await using container = await c.sleeper(flags);
      await until('it is healthy', async () =>
        (await c.s.ok(['ps', '--filter', `id=${container.id}`, '--format', '{{.Status}}'])).includes(
          '(healthy)',
        ),
      );
    },
  ],
  [
    '--restart, and the ids of the next run',
    async (c) => {
      await using container = await c.sleeper(['--restart', 'on-failure:5'], ['sleep', '100000']);
      const before = mapOf(container.pid);
      process.kill(container.pid, 'SIGKILL');
      const again = await until('the next run', async () => {
        const { State, RestartCount } = await c.s.inspect(container.id);
        return State.Running && RestartCount === 1 && State.Pid;
      });
      assert.equal(mapOf(again), before);
    },
  ],
  [
    'stop, start, kill, wait',
    async (c) => {
      await using container = await c.sleeper(
        [],
        ['sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'],
      );
      await until('its trap', async () => (await c.s.ok(['logs', container.id])) === 'ready');
      const before = mapOf(container.pid);
      await c.s.ok(['stop', container.id]);
      assert.equal(await c.s.ok(['wait', container.id]), '5');
      await c.s.ok(['start', container.id]);
      assert.equal(mapOf((await c.s.inspect(container.id)).State.Pid), before);
      await c.s.ok(['kill', '-s', 'KILL', container.id]);
      assert.equal(await c.s.ok(['wait', container.id]), '137');
    },
  ],
  [
    'logs, attach',
    async (c) => {
      await using container = await c.sleeper(
        ['-i', '-u', '1234'],
        ['sh', '-c', 'echo begun; read line; echo "got $line"; exec sleep 1000'],
      );
      const client = c.s.start(['attach', container.id], { stdin: 'open' });
      client.write('text\n');
      await until('the line', async () => (await c.s.ok(['logs', container.id])) === 'begun\ngot text');
      client.kill('SIGKILL');
      await client.outcome;
    },
  ],
  [
    '--timeout, --stop-signal, --stop-timeout',
    async (c) => {
      assert.equal((await c.run(['--timeout', '1'], ['sleep', '1000'])).code, 137);
      await using container = await c.sleeper(
        ['--stop-signal', 'USR1', '--stop-timeout', '30'],
        ['sh', '-c', 'trap "exit 7" USR1; echo ready; while :; do sleep 0.1; done'],
      );
      await until('its trap', async () => (await c.s.ok(['logs', container.id])) === 'ready');
      await c.s.ok(['stop', container.id]);
      assert.equal(await c.s.ok(['wait', container.id]), '7');
    },
  ],
  [
    'ps -s',
    async (c) => {
      await using container = await c.sleeper(
        [],
        ['sh', '-c', 'head -c 3m /dev/zero >/f; chown 1234 /f; exec sleep 1000'],
      );
      await until('the size', async () =>
        /3\.\d*MB|3\.\d+ ?MB|3MiB|3\.1MB/.test(
          await c.s.ok(['ps', '-s', '--filter', `id=${container.id}`, '--format', '{{.Size}}']),
        ),
      );
    },
  ],
  [
    '--log-driver none, --label, --rm',
    async (c) => {
      assert.equal((await c.run(['--log-driver', 'none', '-l', 'a=b'], ['echo', 'x'])).stdout, 'x\n');
    },
  ],
];
