// likerd and likerctl of an ordinary user, whom the test adds to the machine and removes.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connectedTo, throughLikerd } from './harness/direct.ts';
import { ok } from './harness/likerctl.ts';
import { isAlive, linkOf, pids, readProc } from './harness/proc.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { User } from './harness/user.ts';

const needs = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv', 'socat');

/** Those of /proc/PID/stat from the third on (proc(5)). */
function statFields(pid: number): string[] {
  const stat = readProc(pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

describe('likerd of an ordinary user', { ...needs, concurrency: 1 }, () => {
  const s = suite({ ordinaryUser: true, programs: ['socat'] });

  /** Processes of the container's mount namespace. */
  const inNamespaceOf = (pid: number) => {
    const namespace = linkOf(pid, 'ns/mnt');
    return pids().filter((other) => isAlive(other) && linkOf(other, 'ns/mnt') === namespace);
  };

  describe('a container', () => {
    test('has the user himself as root, and his subordinate ids as others', async () => {
      const lines = (await s.sh([], 'id -u; cat /proc/self/uid_map')).split('\n');
      const [uid, root, others] = lines.map((line) => line.trim().split(/\s+/));
      assert.deepEqual(uid, ['0']);
      assert.deepEqual(root, ['0', String(s.user.uid), '1']);
      assert.deepEqual(others, ['1', String(s.user.subuids.start), String(s.user.subuids.count)]);
    });

    test('makes files in a volume that belong to the user if root makes them, and to his subordinate ids otherwise', async () => {
      const volume = join(s.user.home, 'volume');
      s.user.run('mkdir', [volume]);
      await s.sh(['-v', `${volume}:/v`], 'touch /v/root && touch /v/other && chown 33:44 /v/other');
      const { uid, gid } = statSync(join(volume, 'root'));
      assert.deepEqual([uid, gid], [s.user.uid, s.user.gid]);
      const other = statSync(join(volume, 'other'));
      assert.deepEqual([other.uid, other.gid], s.user.outside(33, 44));
    });

    test('sees file systems of namespaces of the host as the user sees them, since only root may mount them', async () => {
      const script = 'cat /proc/1/comm; ls /sys/class/net; ls /sys/fs/cgroup; touch /sys/x';
      const host = await s.run(['--pid', 'host', '--network', 'host', '--ipc', 'host'], ['sh', '-c', script]);
      const [first, ...interfaces] = host.stdout.trim().split('\n');
      assert.equal(first, readFileSync('/proc/1/comm', 'utf8').trim());
      // And no control group of the host.
      assert.deepEqual(interfaces.sort(), readdirSync('/sys/class/net').sort());
      assert.match(host.stderr, /touch: cannot touch '\/sys\/x': (Read-only file system|Permission denied)/);
      const read = 'cat /proc/sys/net/core/somaxconn';
      for (const pid of ['private', 'host'])
        assert.equal(await s.sh(['--pid', pid, '--sysctl', 'net.core.somaxconn=99'], read), '99', pid);
    });

    test('can remove files and replace folders of its root', async () => {
      const script =
        'rm /etc/passwd; rm -r /var; mkdir /var; ls /var | wc -l; test -e /etc/passwd || echo gone';
      assert.equal(await s.sh([], script), '0\ngone');
    });

    test('cannot have what would have no effect: limits of access to devices, and mounts that reach the host', async () => {
      const without = 'likerd runs without root';
      for (const [flags, text] of [
        ...['idmap', 'idmap=uids=0-0-1;gids=0-0-1'].map(
          (idmap) =>
            [
              ['--userns', 'keep-id', '--mount', `type=bind,source=${s.user.home},target=/v,${idmap}`],
              new RegExp(
                `^likerctl: Cannot idmap the mount '${s.user.home}': ${without}, .*; leave idmap out`,
              ),
            ] as const,
        ),
        [
          ['--device-read-bps', '/dev/null:1mb'],
          /^likerctl: Cannot set --device-read-bps to \/dev\/null 1048576: .*; start it in a unit of systemd/,
        ],
        [['--device', '/dev/null:/dev/n:r'], /^likerctl: Invalid --device 'r': likerd runs without root/],
        [
          ['--device-cgroup-rule', 'deny c 1:3 rwm'],
          /^likerctl: Invalid --device-cgroup-rule .*runs without root/,
        ],
        [
          ['-v', `${s.user.home}:/v:rshared`],
          /^likerctl: Cannot mount .* as rshared: likerd runs without root, in a mount namespace of its own/,
        ],
      ] as const) {
        const { code, stderr } = await s.run(flags, ['true']);
        assert.equal(code, 125);
        assert.match(stderr, text);
      }
      assert.equal(await s.sh(['--device', '/dev/null:/dev/n'], 'echo x >/dev/n; echo open'), 'open');
    });

    test('is refused a path that is closed to the user, with the path and what to do', async () => {
      const closed = mkdtempSync(join(tmpdir(), 'lk-closed-'));
      try {
        mkdirSync(join(closed, 'in'));
        const why = String.raw`it cannot be read \(EACCES\): a folder on the way is closed to likerd's user; open it`;
        for (const [args, text] of [
          [['-v', `${closed}/in:/v`, s.rootfs], `Cannot mount '${closed}/in': ${why}`],
          [
            ['--mount', `type=bind,source=${closed}/in,target=/v`, s.rootfs],
            `Cannot mount '${closed}/in': ${why}`,
          ],
          [[`${closed}/in`], `Cannot use root file system '${closed}/in': ${why}`],
          [
            ['-v', '/etc/liker-none:/v', s.rootfs],
            "Cannot create the folder '/etc/liker-none': EACCES: whoever runs this may not make folders there",
          ],
        ] as const) {
          const { code, stderr } = await s.likerctl(['run', '--rm', ...args, 'true']);
          assert.equal(code, 125);
          assert.match(stderr, new RegExp(`^likerctl: ${text}.*\n$`));
        }
      } finally {
        rmSync(closed, { recursive: true });
      }
    });

    test('has the devices and the terminal of any container', async () => {
      const script = 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; : >/dev/full || echo full; ls /dev/pts';
      const { stdout } = await s.run([], ['bash', '-c', script]);
      assert.equal(stdout, '4\nptmx\n');
      await using terminal = s.terminal(['run', '-it', '--rm', s.rootfs, 'bash', '--norc']);
      await terminal.run('tty; stty size', /\/dev\/pts\/0[\s\S]*24 80/);
      await terminal.run("sh -c 'echo started; sleep 1000'", /started\r\n/);
      terminal.type('\x03');
      await terminal.run('echo $?', /130/);
      terminal.type('exit 3\r');
      assert.equal(await terminal.end(), 3);
    });

    test('is run as another user, with a limit of files that likerd may set, and with health checks', async () => {
      assert.equal(
        await s.sh(['--user', '1000:1000', '--ulimit', 'nofile=100:200'], 'id -u; ulimit -n'),
        '1000\n100',
      );
      await s.detached(
        ['--name', 'well', '--health-cmd', 'true', '--health-interval', '100ms'],
        ['sleep', '1000'],
      );
      await until('the container to be healthy', async () =>
        (await s.ok(['inspect', '-f', '{{.State.Health.Status}}', 'well'])).includes('healthy'),
      );
      await s.ok(['rm', '-f', 'well']);
    });
  });

  describe('a user namespace of its own', () => {
    test('keep-id: the user has his own id inside, and root inside has one of his subordinate ids', async () => {
      const { uid, gid, subuids } = s.user;
      const volume = join(s.user.home, 'kept');
      s.user.run('mkdir', ['-m', '777', volume]);
      const id = await s.detached(
        ['--userns', 'keep-id', '-v', `${volume}:/v`, '--name', 'kept'],
        ['sh', '-c', 'id -u; id -g; touch /v/mine; echo ready; exec sleep 1000'],
      );
      await until('its output', async () => (await s.ok(['logs', id])).includes('ready'));
      assert.equal(await s.ok(['logs', id]), `${uid}\n${gid}\nready`);
      const mine = statSync(join(volume, 'mine'));
      assert.deepEqual([mine.uid, mine.gid], [uid, gid]);
      await s.ok(['exec', '--user', '0', id, 'sh', '-c', 'touch /v/roots; touch /own']);
      assert.equal(statSync(join(volume, 'roots')).uid, subuids.start);
      const { Pid } = (await s.inspect(id)).State;
      const map = readProc(Pid, 'uid_map').trim().split(/\s+/).map(Number);
      assert.deepEqual(map.slice(0, 3), [0, subuids.start, uid]);
      assert.deepEqual(map.slice(3, 6), [uid, uid, 1]);
      const shared = await s.sh(['--network', 'container:kept'], 'cat /proc/self/uid_map; ls /sys | wc -l');
      assert.match(shared, new RegExp(`^\\s*0 +1 +${uid}\\n`));
      await s.daemon.kill9();
      await s.daemon.start();
      await s.ok(['kill', id]);
      assert.equal(isAlive(Pid), false);
      await s.ok(['rm', id]);
    });

    test('maps reach as far as the ids, and have the user in them; a range of its own is refused with the reason', async () => {
      const refused = async (userns: string) => {
        const { code, stderr } = await s.run(['--userns', userns], ['true']);
        assert.equal(code, 125);
        return stderr;
      };
      const map = 'cat /proc/self/uid_map';
      const few = await s.sh(['--userns', 'uids=0-0-1#1-1-100;gids=0-0-1#1-1-100'], map);
      assert.deepEqual(few.trim().split(/\s+/).map(Number), [0, 0, 1, 1, 1, 100]);
      assert.match(
        await refused('auto'),
        new RegExp(`a range of ids leaves out ${s.user.name}, .*use --userns keep-id, or host`),
      );
      assert.match(await refused('uids=0-1-9;gids=0-1-9'), /its uids leave out 0, which is /);
      assert.match(
        await refused('uids=0-0-70000;gids=0-0-1'),
        /its uids are more than the 65537 that there are/,
      );
    });
  });

  describe('without control groups', () => {
    test('a kill ends every process, also those of a container without a pid namespace of its own', async () => {
      for (const flags of [[], ['--init=false'], ['--pid', 'host'], ['--pid', 'host', '--init=false']]) {
        const script =
          'setsid sleep 1000 & (sleep 1000 & sleep 1000 &) ; sh -c "setsid sleep 1000 & wait" & wait';
        const id = await s.detached([...flags, '--name', 'many'], ['sh', '-c', script]);
        const { Pid } = (await s.inspect(id)).State;
        await until(
          'all of them to run',
          () => inNamespaceOf(Pid).filter((pid) => /^sleep$/m.test(readProc(pid, 'comm'))).length === 4,
        );
        const running = inNamespaceOf(Pid);
        const top = await s.ok(['top', 'many', '-o', 'pid']).catch(() => s.ok(['top', 'many']));
        assert.ok(top.split('\n').length >= 5, top);
        await s.ok(['kill', 'many']);
        await until(`the end of all, ${flags.join(' ')}`, () => !running.some(isAlive));
        await s.ok(['rm', 'many']);
      }
    });

    test('what a main process leaves running ends with it, in whichever pid namespace', async () => {
      const first = await s.detached(['--name', 'first'], ['sleep', '1000']);
      for (const pid of ['host', 'container:first']) {
        const { stdout } = await s.run(
          ['--pid', pid],
          ['sh', '-c', 'setsid sleep 4711 & readlink /proc/self/ns/mnt'],
        );
        assert.match(stdout, /^mnt:\[\d+\]\n$/);
        const left = pids().filter((other) => isAlive(other) && linkOf(other, 'ns/mnt') === stdout.trim());
        assert.deepEqual(left, [], pid);
      }
      await s.ok(['rm', '-f', first]);
    });

    test('an exec that is killed with its client takes along what it has started', async () => {
      const id = await s.detached([], ['sleep', '1000']);
      const exec = s.start([
        'exec',
        '--on-disconnect',
        'kill',
        id,
        'sh',
        '-c',
        '(sleep 4712; true) & echo ready; wait',
      ]);
      await exec.waitFor('ready');
      const sleepers = () =>
        pids().filter((pid) => isAlive(pid) && readProc(pid, 'cmdline') === 'sleep\x004712\0');
      // What is started in the background may be executed after the shell has gone on.
      await until('what it has started', () => sleepers().length === 1);
      exec.kill('SIGKILL');
      await until('their end', () => sleepers().length === 0);
      assert.equal((await s.inspect(id)).State.Status, 'running');
      await s.ok(['rm', '-f', id]);
    });

    test('a limit that is asked for is refused, with the command that delegates a cgroup; the default ones are left out', async () => {
      const refused = await s.run(['--memory', '64m'], ['true']);
      assert.equal(refused.code, 125);
      assert.match(
        refused.stderr,
        /^likerctl: Cannot set --memory to 67108864: likerd runs without root, and the cgroup '.*' is not delegated to its user; .* 'systemd-run --user --unit=likerd -p Delegate=yes -p KillMode=process likerd'/,
      );
      const { code, stderr } = await s.run(['--memory', '64m', '--limits', 'best-effort'], ['true']);
      assert.deepEqual(
        [code, /Limit not applied: Cannot set memory.max_bytes/.test(stderr)],
        [0, true],
        stderr,
      );
      assert.match(s.daemon.log, /containers go without loss="limits, pause/);
      const paused = await s.likerctl(['pause', await s.detached(['--name', 'p'], ['sleep', '1000'])]);
      assert.match(paused.stderr, /Cannot pause: likerd runs without root/);
      await s.ok(['rm', '-f', 'p']);
    });

    test('info lists what is lost and why, a line each', async () => {
      const info = await s.ok(['info']);
      assert.match(info, new RegExp(`^ Without root: user ${s.user.name} \\(${s.user.uid}\\)$`, 'm'));
      const { Rootless } = JSON.parse(await s.ok(['info', '--format', 'json'])) as {
        readonly Rootless: { readonly User: string; readonly Losses: readonly string[] };
      };
      assert.equal(Rootless.User, s.user.name);
      const mayOpen = (port: number) =>
        s.run(
          ['--network', 'host'],
          ['timeout', '1', 'socat', `TCP-LISTEN:${port},bind=127.0.0.1`, 'STDOUT'],
        );
      const refused = (flags: readonly string[], why: RegExp) => async () => {
        const { code, stderr } = await s.run(flags, ['true']);
        assert.equal(code, 125);
        assert.match(stderr, why);
      };
      const proofs: readonly (readonly [RegExp, () => Promise<void>])[] = [
        [
          /^limits, pause, .*: likerd runs without root/,
          refused(['--cpus', '1'], /likerd runs without root/),
        ],
        [
          /^networks have a loopback interface only: /,
          async () => assert.equal(await s.sh([], 'ls /sys/class/net'), 'lo'),
        ],
        [
          /^rules for devices: only root/,
          refused(['--device', '/dev/null:/dev/n:r'], /only root may attach/),
        ],
        [
          /^new device nodes \(mknod\)/,
          async () =>
            assert.match(
              (await s.run(['--privileged'], ['mknod', '/n', 'c', '1', '3'])).stderr,
              /not permitted/,
            ),
        ],
        [
          /^limits of processes above likerd's own, and/,
          refused(['--oom-score-adj', '-1'], /cannot go below its own/),
        ],
        [/^a higher priority/, async () => assert.equal(statFields(s.daemon.pid)[16], '0', 'the nice value')],
        [
          /^ports below net\.ipv4\.ip_unprivileged_port_start, with -p /,
          async () => {
            const start = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
            if (start > 1) assert.match((await mayOpen(start - 1)).stderr, /Permission denied/);
          },
        ],
        [
          /^mounts that containers share with the host /,
          refused(['-v', '/tmp:/t:rshared'], /nothing appears on the host/),
        ],
        [
          /^a range of ids for each container /,
          refused(['--userns', 'auto'], /use --userns keep-id, or host/),
        ],
        [
          /^files of other users than /,
          async () => assert.equal(await s.sh(['-v', '/etc:/e:ro'], 'stat -c %u /e/passwd'), '65534'),
        ],
      ];
      for (const loss of Rootless.Losses) {
        assert.ok(info.includes(`\n  ${loss}\n`), loss);
        const [proof, ...others] = proofs.filter(([line]) => line.test(loss));
        assert.ok(proof && others.length === 0, `nothing here proves: ${loss}`);
        await proof[1]();
      }
      assert.ok(Rootless.Losses.length >= 8);
    });
  });

  describe('another likerd', () => {
    test('comes back to containers, terminals and execs in the same namespaces after a kill -9', async () => {
      const run = (name: string) => ['run', '-it', '--name', name, s.rootfs, 'bash', '--norc'];
      await using terminal = s.terminal(run('shell'), { env: throughLikerd });
      await using direct = s.terminal(run('direct'), { env: { LIKER_BYTES: 'direct' } });
      await terminal.run('kept=yes; echo $$', /2\r\n/);
      await direct.run('echo $$', /2\r\n/);
      await connectedTo((await s.inspect('direct')).State.ShimPid);
      const namespaces = () => ['user', 'mnt'].map((kind) => linkOf(s.daemon.pid, `ns/${kind}`));
      const before = namespaces();
      await s.daemon.kill9();
      await s.daemon.start();
      assert.deepEqual(namespaces(), before);
      await terminal.waitForText('reconnected');
      await direct.run('echo $((40 + 2))', /42\r\n/);
      assert.doesNotMatch(direct.history(), /likerctl:/);
      await terminal.run('echo $kept', /yes\r\n/);
      assert.equal(await s.ok(['exec', '--user', '1000', 'shell', 'id', '-u']), '1000');
      // A process of another user, which only root of the namespace may signal.
      const other = await s.detached(['--user', '1000', '--name', 'other'], ['sleep', '1000']);
      const { Pid } = (await s.inspect(other)).State;
      await s.daemon.kill9();
      await s.daemon.start();
      await s.ok(['kill', 'other']);
      assert.equal(isAlive(Pid), false);
      await s.ok(['rm', '-f', 'shell', 'direct', 'other']);
    });

    test('finds them even if the process that held them was killed, by way of a shim', async () => {
      const holder = () =>
        pids().find(
          (pid) =>
            readProc(pid, 'comm').trim() === 'liker-hold' && readProc(pid, 'cmdline').includes(s.daemon.run),
        );
      await s.detached(['--name', 'goes-on'], ['sleep', '1000']);
      const before = linkOf(s.daemon.pid, 'ns/user');
      await s.daemon.kill9();
      const held = holder();
      // Of 0, kill(2) would make the test's own process group.
      assert.ok(held);
      process.kill(held, 'SIGKILL');
      await until('its end', () => holder() === undefined);
      await s.daemon.start();
      assert.equal(linkOf(s.daemon.pid, 'ns/user'), before);
      assert.ok(holder());
      await s.ok(['rm', '-f', 'goes-on']);
    });

    test('leaves no process behind once it has ended with no container left', async () => {
      await s.daemon.empty();
      assert.equal((await s.daemon.stop()).code, 0);
      await until('the end of all processes of the user', () => s.user.processes().length === 0);
      await s.daemon.start();
    });

    test('restarts containers by their policy', async () => {
      const id = await s.detached(['--restart', 'always', '--name', 'again'], ['sleep', '1000']);
      const { Pid } = (await s.inspect(id)).State;
      process.kill(Pid, 'SIGKILL');
      await until('another run', async () => {
        const { State } = await s.inspect(id);
        return State.Running && State.Pid !== Pid;
      });
      await s.ok(['rm', '-f', id]);
    });
  });

  test('a second user has his own, and neither reaches the other', async () => {
    const second = await User.add();
    try {
      const daemon = await second.startDaemon();
      try {
        const root = join(second.home, 'root');
        await ok(daemon, ['rootfs', 'build', root]);
        await ok(daemon, ['run', '-d', '--name', 'his', root, 'sleep', '1000']);
        assert.equal(await s.ok(['ps', '-aq']), '');
        const strange = await s.likerctl(['--host', `unix://${daemon.socket}`, 'ps']);
        assert.match(strange.stderr, /Cannot reach likerd at .*: permission denied/);
        await ok(daemon, ['rm', '-f', 'his']);
      } finally {
        await daemon.destroy();
      }
    } finally {
      await second.remove();
    }
    assert.deepEqual(second.processes(), []);
    assert.equal(existsSync(second.home), false);
  });
});
