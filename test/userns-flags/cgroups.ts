import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cgroupFile } from '../harness/cpu.ts';
import { readProc } from '../harness/proc.ts';
import { networkHolder, type Row } from './case.ts';

export const cgroups: readonly Row[] = [
  [
    'the mounts of control groups',
    async (c) => {
      await using container = await c.sleeper(['--pids-limit', '77']);
      const types = await container.sh(`awk '$3 ~ /^cgroup/ { print $3, $4 }' /proc/mounts`);
      for (const line of types.split('\n')) assert.match(line, /^cgroup2? ro,/);
      assert.equal(
        await container.sh('cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; true'),
        '77',
      );
      const write =
        'for f in $(find /sys/fs/cgroup -name cgroup.procs -o -name devices.allow -o -name release_agent); do (echo 0 >$f) 2>/dev/null && echo wrote $f; done; true';
      assert.equal(await container.sh(write), '');
    },
  ],
  [
    'the mounts of control groups, with SYS_ADMIN',
    async (c, t) => {
      if (c.mode.userns === 'host')
        return t.skip("SYS_ADMIN in the host's user namespace is all rights over the groups");
      // Nothing there belongs to root inside: no way out of the group, no device, and none of the files that v1 leaves to any root of a
      // user namespace, such as memory.oom_control and memory.swappiness.
      const rights = ['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined'];
      const script = `cd /sys/fs/cgroup; for m in . */; do mount -o remount,rw,bind $m 2>/dev/null; done
        awk '$3 ~ /^cgroup/ && $4 ~ /^ro/' /proc/mounts; find . -name memory.stat | wc -l; find . -writable -type f`;
      assert.equal(await c.sh(rights, script), '1');
    },
  ],
  [
    '-m, --memory, --cpus, --pids-limit, --cpu-shares',
    async (c) => {
      const flags = ['-m', '64m', '--cpus', '0.5', '--pids-limit', '20', '--cpu-shares', '512'];
      await using container = await c.sleeper(flags);
      assert.equal(container.inspected.AppliedLimits.filter(({ Problem }) => Problem !== '').length, 0);
      assert.equal(
        await container.sh(
          'for i in $(seq 40); do sleep 5 & done 2>&1 | grep -c "fork" | grep -q . && echo refused',
        ),
        'refused',
      );
      const killed = await c.run(['-m', '16m'], ['sh', '-c', 'head -c 64m /dev/zero | tail']);
      assert.notEqual(killed.code, 0);
    },
  ],
  [
    '--pids-limit 1, with namespaces of others or a map for a volume: no helper is counted',
    async (c) => {
      using holder = await networkHolder('true');
      await using other = await c.sleeper();
      const shared = c.mode.userns === 'host' ? ['network', 'ipc'] : ['network', 'ipc', 'userns'];
      const cases = [
        [...c.mode.flags, '--network', `ns:${holder.path}`],
        [...c.mode.flags, '-v', `${c.folder}:/x:idmap=uids=0-1000-1;gids=0-1000-1`],
        ...shared.map((kind) => [`--${kind}`, `container:${other.id}`]),
      ];
      for (const flags of cases) {
        const id = await c.s.detached(['--init=false', '--pids-limit', '1', ...flags], ['sleep', '100000']);
        const { State, CgroupPaths } = await c.s.inspect(id);
        const groups = readProc(State.Pid, 'cgroup').split('\n');
        const own = groups.filter((line) => line.endsWith(`/${id}`));
        assert.equal(own.length, Object.keys(CgroupPaths).length, `${flags.join(' ')}: ${groups.join(' ')}`);
        await c.s.ok(['rm', '-f', id]);
      }
    },
  ],
  [
    '--cpuset-cpus',
    async (c, t) => {
      if (!/^cpuset\t.*\t1$/m.test(readFileSync('/proc/cgroups', 'utf8')))
        return t.skip('the kernel has no cgroup controller cpuset');
      assert.equal(await c.sh(['--cpuset-cpus', '0'], 'nproc'), '1');
    },
  ],
  [
    '--blkio-weight, --cgroup-parent, --cgroup-conf',
    async (c) => {
      await using container = await c.sleeper(['--cgroup-parent', 'jobs', '--pids-limit', '30']);
      assert.match(readProc(container.pid, 'cgroup'), /\/jobs\//);
      assert.equal(cgroupFile(container.inspected, 'pids', 'pids.max'), '30');
    },
  ],
  [
    '--net-rate, --network ns:PATH',
    async (c) => {
      using holder = await networkHolder('ip link add inside type veth peer name outside');
      await using container = await c.sleeper(['--network', `ns:${holder.path}`, '--net-rate', '10mbit']);
      assert.equal(container.namespace('net'), holder.link);
      const queue = execFileSync(
        'nsenter',
        ['-t', String(holder.pid), '-n', 'tc', 'class', 'show', 'dev', 'inside'],
        { encoding: 'utf8' },
      );
      assert.match(queue, /rate 10Mbit/);
      assert.equal(
        await container.sh('ls /sys/class/net | xargs; ls -d /sys/kernel'),
        'inside lo outside\n/sys/kernel',
      );
    },
  ],
  [
    'update',
    async (c) => {
      await using container = await c.sleeper(['-m', '64m']);
      await c.s.ok(['update', '-m', '96m', '--memory-swap', '-1', '--pids-limit', '55', container.id]);
      assert.equal(cgroupFile(container.inspected, 'pids', 'pids.max'), '55');
    },
  ],
  [
    'pause, unpause',
    async (c) => {
      await using container = await c.sleeper();
      await c.s.ok(['pause', container.id]);
      assert.match(readFileSync(`/proc/${container.pid}/status`, 'utf8'), /^State:\s+[DSt]/m);
      assert.equal((await c.s.inspect(container.id)).State.Status, 'paused');
      await c.s.ok(['unpause', container.id]);
      assert.equal(await container.sh('echo on'), 'on');
    },
  ],
  [
    'stats, top',
    async (c) => {
      await using container = await c.sleeper(['-u', '1234', '-m', '64m']);
      const stats = JSON.parse(
        await c.s.ok(['stats', '--no-stream', '--format', 'json', container.id]),
      ) as Record<string, string>;
      assert.match(JSON.stringify(stats), /64MiB/);
      // With the host's pids and ids.
      assert.match(await c.s.ok(['top', container.id]), new RegExp(`^${container.uid(1234)}\\s.*sleep`, 'm'));
    },
  ],
];
