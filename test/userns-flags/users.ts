import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { landlockVersion } from '../../daemon/native/landlock.ts';
import { readProc } from '../harness/proc.ts';
import { until } from '../harness/until.ts';
import type { Row } from './case.ts';

/** Those of likerd, which the tests start. */
const ownCapabilities = /^CapEff:\s*(\S+)$/m.exec(readProc('self', 'status'))?.[1] ?? '';

export const users: readonly Row[] = [
  [
    '--userns',
    async (c) => {
      await using container = await c.sleeper();
      const inside = await container.sh(
        'readlink /proc/self/ns/user; cat /proc/self/uid_map /proc/self/gid_map',
      );
      const [link, uids = '', gids = ''] = inside.split('\n');
      assert.equal(link, container.namespace('user'));
      if (c.mode.userns === 'host') assert.equal(link, readlinkSync('/proc/self/ns/user'));
      else {
        assert.notEqual(link, readlinkSync('/proc/self/ns/user'));
        assert.match(uids, /^\s*0\s+[1-9]\d+\s+65536$/);
        assert.equal(gids, uids);
      }
    },
  ],
  [
    '-u, --user, --group-add',
    async (c) => {
      await using container = await c.sleeper(['-u', '1234:2345', '--group-add', '99']);
      assert.equal(container.status('Uid').split('\t')[0], String(container.uid(1234)));
      assert.equal(container.status('Gid').split('\t')[0], String(container.gid(2345)));
      const groups = [container.gid(99), container.gid(2345)].sort((a, b) => a - b);
      assert.equal(container.status('Groups'), groups.join(' '));
      assert.equal(
        await container.sh('id -u; id -g; id -G | tr " " "\\n" | sort -n | xargs'),
        '1234\n2345\n99 2345',
      );
      assert.equal(await c.sh(['-u', 'nobody'], 'id -un'), 'nobody');
    },
  ],
  [
    '--user beyond the ids of the container',
    async (c) => {
      for (const user of ['70000', '0:70000']) {
        const { code, stdout, stderr } = await c.run(['-u', user], ['sh', '-c', 'echo $(id -u) $(id -g)']);
        if (c.mode.userns === 'host') assert.equal(stdout, user === '70000' ? '70000 0\n' : '0 70000\n');
        else {
          assert.equal(code, 125);
          assert.match(stderr, /70000/);
        }
      }
    },
  ],
  [
    'exec, -u, -w, -e, -t',
    async (c) => {
      await using container = await c.sleeper();
      assert.equal(await container.sh('readlink /proc/self/ns/user'), container.namespace('user'));
      const flags = ['-u', '1234', '-w', '/tmp', '-e', 'A=b', '-t'];
      assert.match(
        await container.sh('echo $(id -u) $PWD $A $(tty)', flags),
        /^1234 \/tmp b \/dev\/pts\/\d+\r?$/,
      );
      const exec = c.s.start(['exec', '-i', '-u', '1234', container.id, 'sh', '-c', 'exec cat'], {
        stdin: 'open',
      });
      const pid = await until('the exec', async () => {
        const processes = await c.s.ok(['top', container.id, '-eo', 'pid,comm']);
        return /^\s*(\d+)\s+cat$/m.exec(processes)?.[1];
      });
      assert.equal(statSync(`/proc/${pid}`).uid, container.uid(1234));
      exec.closeStdin();
      assert.equal((await exec.outcome).code, 0);
    },
  ],
  [
    'exec --privileged',
    async (c) => {
      await using container = await c.sleeper();
      const { code, stdout, stderr } = await c.s.likerctl([
        'exec',
        '--privileged',
        container.id,
        'grep',
        'CapEff',
        '/proc/self/status',
      ]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^CapEff:\\t${ownCapabilities}$`, 'm'));
    },
  ],
  [
    '--cap-add',
    async (c) => {
      const down = 'ip link set lo down && ip link show lo | grep -c "state DOWN"';
      assert.notEqual((await c.run([], ['sh', '-c', down])).code, 0);
      assert.equal(await c.sh(['--cap-add', 'NET_ADMIN'], down), '1');
      assert.equal(
        await c.sh(['--cap-add', 'SYS_ADMIN'], 'mount -t tmpfs none /mnt && findmnt -no FSTYPE /mnt'),
        'tmpfs',
      );
      await using container = await c.sleeper(['--cap-add', 'NET_ADMIN', '--cap-add', 'SYS_PTRACE']);
      assert.equal(container.status('CapEff'), '00000000a80c35fb');
    },
  ],
  [
    '--cap-drop',
    async (c) => {
      await using container = await c.sleeper(['--cap-drop', 'ALL']);
      for (const set of ['CapEff', 'CapPrm', 'CapBnd'])
        assert.equal(container.status(set), '0000000000000000');
      assert.match(await container.sh('touch /f; chown 5 /f 2>&1 || true'), /Operation not permitted/);
    },
  ],
  [
    '--privileged',
    async (c) => {
      await using container = await c.sleeper(['--privileged']);
      assert.equal(container.status('Seccomp'), '0');
      assert.equal(container.status('CapEff'), ownCapabilities);
      assert.equal(
        container.namespace('user') === readlinkSync('/proc/self/ns/user'),
        c.mode.userns === 'host',
      );
      assert.equal(await container.sh('mount -t tmpfs none /mnt && findmnt -no FSTYPE /mnt'), 'tmpfs');
    },
  ],
  [
    '--security-opt',
    async (c) => {
      await using container = await c.sleeper(['--security-opt', 'no-new-privileges']);
      assert.deepEqual([container.status('NoNewPrivs'), container.status('Seccomp')], ['1', '2']);
      await using open = await c.sleeper(['--security-opt', 'seccomp=unconfined']);
      assert.equal(open.status('Seccomp'), '0');
      assert.equal(await open.sh('unshare -U id -u'), '65534');
      assert.equal(await open.sh('unshare -Ur id -u'), '0');
    },
  ],
  [
    '--security-opt systempaths=unconfined, mask=, unmask=, proc-opts=',
    async (c) => {
      const masked = (flags: string[]) =>
        c.sh(
          flags.flatMap((value) => ['--security-opt', value]),
          'grep -c " /proc/acpi " /proc/mounts; cat /etc/hostname | wc -l',
        );
      assert.equal(await masked([]), existsSync('/proc/acpi') ? '1\n1' : '0\n1');
      assert.equal(await masked(['systempaths=unconfined']), '0\n1');
      assert.equal(await masked(['unmask=/proc/acpi']), '0\n1');
      assert.equal(await masked(['mask=/etc/hostname']), existsSync('/proc/acpi') ? '1\n0' : '0\n0');
      await using hidden = await c.sleeper(['--security-opt', 'proc-opts=hidepid=2']);
      assert.equal(await hidden.sh('ls -d /proc/1 2>/dev/null; id -u', ['-u', '1234']), '1234');
    },
  ],
  [
    '--landlock',
    async (c, t) => {
      if (landlockVersion() < 3)
        return t.skip('needs Landlock version 3 (Linux 6.2), which this machine lacks');
      const flags = ['--landlock', 'ro=/usr,rw=/tmp', '-u', '1234'];
      const { stdout, stderr } = await c.run(flags, [
        'sh',
        '-c',
        'touch /tmp/x && echo made; cat /etc/hostname',
      ]);
      assert.equal(stdout, 'made\n');
      assert.match(stderr, /Permission denied/);
    },
  ],
  [
    '--ulimit',
    async (c) => {
      const flags = ['nofile=100:200', 'core=0', 'nproc=500', 'memlock=4096', 'sigpending=50'];
      await using container = await c.sleeper(flags.flatMap((limit) => ['--ulimit', limit]));
      const limits = await container.sh('cat /proc/1/limits');
      for (const [name, soft, hard] of [
        ['open files', '100', '200'],
        ['core file size', '0', '0'],
        ['processes', '500', '500'],
        ['locked memory', '4096', '4096'],
        ['pending signals', '50', '50'],
      ])
        assert.match(limits, new RegExp(`^Max ${name}\\s+${soft}\\s+${hard}\\b`, 'm'));
    },
  ],
  [
    '--oom-score-adj',
    async (c) => {
      // A lower one than likerd's needs CAP_SYS_RESOURCE.
      const canLower = ((BigInt(`0x${ownCapabilities}`) >> 24n) & 1n) === 1n;
      for (const score of canLower ? ['-500', '500'] : ['500']) {
        await using container = await c.sleeper(['--oom-score-adj', score]);
        assert.equal(await container.sh('cat /proc/1/oom_score_adj'), score);
      }
    },
  ],
  [
    '-w, --workdir',
    async (c) => {
      await using container = await c.sleeper(['-u', '1234', '-w', '/made/here']);
      assert.equal(await container.sh('pwd', []), '/made/here');
      assert.equal(statSync(container.at('/made/here')).uid, container.uid(0));
    },
  ],
  [
    '/dev/stdout and /dev/stderr, reopened',
    async (c) => {
      const script = 'echo out >/dev/stdout; echo err >/dev/stderr; cat </dev/stdin';
      for (const user of ['0', '1234']) {
        const { stdout, stderr } = await c.run(['-i', '-u', user], ['sh', '-c', script], { stdin: 'in' });
        assert.deepEqual([stdout, stderr], ['out\nin', 'err\n'], user);
      }
    },
  ],
  [
    'the root, DIR and DIR:rw: on disk stand the ids of the container',
    async (c) => {
      await using container = await c.sleeper(
        [],
        ['sh', '-c', 'touch /f; chown 1234:2345 /f; rm /usr/bin/watch; exec sleep 100000'],
      );
      const upper = join(c.s.daemon.root, 'containers', container.id, 'upper');
      const whiteout = await until('the whiteout', () => statSync(join(upper, 'usr/bin/watch')));
      assert.deepEqual([whiteout.isCharacterDevice(), whiteout.rdev], [true, 0]);
      const { uid, gid } = statSync(join(upper, 'f'));
      assert.deepEqual([uid, gid], [1234, 2345]);
      assert.equal(statSync(container.at('/f')).uid, container.uid(1234));
    },
  ],
  [
    'a root, and a volume, at paths that fsconfig(2) does not take as a text',
    async (c) => {
      const long = 'l'.repeat(200);
      const above = join(c.folder, long, long);
      mkdirSync(above, { recursive: true });
      const root = join(above, 'root');
      // Of the same files: only names are made in it.
      execFileSync('cp', ['-al', c.s.rootfs, root]);
      for (const [mode, made] of [
        ['', 'made'],
        [':rw', 'made'],
        [':ro', ''],
      ]) {
        const flags = [...c.mode.flags, '-v', `${above}:/${long}/${long}`];
        const command = ['sh', '-c', `ls /${long}/${long}; touch /f && echo made; rm -f /f`];
        const { stdout, stderr } = await c.s.likerctl([
          'run',
          '--rm',
          ...flags,
          `${root}${mode}`,
          ...command,
        ]);
        assert.equal(stdout.trim(), `root\n${made}`.trim(), `${mode}: ${stderr}`);
      }
    },
  ],
];
