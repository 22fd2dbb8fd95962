// What a container sees and what it cannot do. docs/traps.md explains the T-numbers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { repository } from './harness/daemon.ts';
import { childrenOf, pids, readProc, shimsBelow } from './harness/proc.ts';
import { requires } from './harness/requires.ts';
import { compile, compiled } from './harness/rootfs.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

for (const userns of ['auto', 'host'])
  describe(`--userns-default ${userns}`, { concurrency: 1 }, () => isolation(userns));

function isolation(userns: string): void {
  const s = suite({ helpers: ['asker', 'intruder'], args: ['--userns-default', userns] });
  const work = mkdtempSync(join(tmpdir(), 'lk-work-'));
  after(() => rmSync(work, { recursive: true, force: true }));

  /** Docker's default: chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap. */
  const defaultCapabilities = '00000000a80425fb';
  const none = '0000000000000000';

  /** A small root of its own, as from a hostile image. */
  async function hostileRoot(name: string): Promise<string> {
    const root = join(work, name);
    await s.ok(['rootfs', 'build', root]);
    compile('asker', join(root, 'usr/bin/asker'));
    return root;
  }

  describe('namespaces and mounts', { concurrency: 4 }, () => {
    test('mnt, uts, ipc, pid, net and cgroup are private, and user by default; time is not', async () => {
      const names = ['mnt', 'uts', 'ipc', 'pid', 'net', 'cgroup', 'user', 'time'];
      const inside = (await s.sh([], names.map((name) => `readlink /proc/self/ns/${name}`).join(';'))).split(
        '\n',
      );
      const differ = names.filter((name, index) => readlinkSync(`/proc/self/ns/${name}`) !== inside[index]);
      assert.deepEqual(differ, [...names.slice(0, 6), ...(userns === 'auto' ? ['user'] : [])]);
    });

    test('exec joins all of them (T57)', async () => {
      const id = await s.detached([], ['sleep', '100000']);
      const { Pid } = (await s.inspect(id)).State;
      const names = ['mnt', 'uts', 'ipc', 'pid', 'net', 'cgroup', 'user'];
      const inside = await s.ok([
        'exec',
        id,
        'sh',
        '-c',
        names.map((name) => `readlink /proc/self/ns/${name}`).join(';'),
      ]);
      assert.deepEqual(
        inside.split('\n'),
        names.map((name) => readlinkSync(`/proc/${Pid}/ns/${name}`)),
      );
      await s.ok(['rm', '-f', id]);
    });

    test('only its own processes are visible', async () => {
      const { stdout } = await s.run([], ['ps', '-e', '-o', 'pid=,comm=']);
      const lines = stdout.trimEnd().split('\n');
      assert.deepEqual(
        lines.map((line) => line.trim()),
        ['1 liker-init', '2 ps'],
      );
    });

    test('the standard mounts, with the options of the OCI specification (T31)', async () => {
      const table = await s.sh([], 'cat /proc/self/mountinfo');
      const mounts = new Map(
        table.split('\n').map((line) => {
          const [before = '', behind = ''] = line.split(' - ');
          const fields = before.split(' ');
          return [
            fields[4] ?? '',
            {
              options: (fields[5] ?? '').split(','),
              type: behind.split(' ')[0],
              tags: fields.slice(6),
              data: behind.split(' ')[2] ?? '',
            },
          ];
        }),
      );
      const has = (target: string, type: string, ...options: string[]): void => {
        const mount = mounts.get(target);
        assert.equal(mount?.type, type, `${target}\n${table}`);
        for (const option of options)
          assert.ok(
            mount?.options.includes(option) || mount?.data.split(',').includes(option),
            `${target} ${option}: ${mount?.options} ${mount?.data}`,
          );
      };
      has('/', 'overlay', 'rw');
      has('/proc', 'proc', 'nosuid', 'nodev', 'noexec');
      has('/dev', 'tmpfs', 'nosuid', 'mode=755');
      has('/dev/pts', 'devpts', 'nosuid', 'noexec', 'mode=620', 'ptmxmode=666');
      // The kernel shows its number on the host.
      if (userns === 'host') has('/dev/pts', 'devpts', 'gid=5');
      has('/dev/shm', 'tmpfs', 'nosuid', 'nodev', 'noexec');
      has('/dev/mqueue', 'mqueue', 'nosuid', 'nodev', 'noexec');
      has('/sys', 'sysfs', 'ro', 'nosuid', 'nodev', 'noexec');
      for (const [target, { tags }] of mounts) assert.deepEqual(tags, [], `${target} is private`);
      for (const [target, { options, type }] of mounts)
        if (type?.startsWith('cgroup')) assert.ok(options.includes('ro'), target);
    });

    test('/sys is read-only in every network, and with a read-only root (T55)', async () => {
      for (const flags of [[], ['--network', 'host'], ['--network', 'none', '--read-only']]) {
        const mounts = await s.sh(flags, 'cat /proc/self/mountinfo');
        assert.match(mounts, /^\S+ \S+ \S+ \S+ \/sys ro,/m, flags.join(' '));
      }
    });

    test('/dev has the standard nodes and links, and no others', async () => {
      const out = await s.sh(
        [],
        'cd /dev; stat -c "%n %F %t:%T %a" null zero full random urandom tty; readlink fd stdin stdout stderr ptmx; ls -A | sort | xargs',
      );
      const lines = out.split('\n');
      const nodes = { null: '1:3', zero: '1:5', full: '1:7', random: '1:8', urandom: '1:9', tty: '5:0' };
      assert.deepEqual(
        lines.slice(0, 6),
        Object.entries(nodes).map(([name, device]) => `${name} character special file ${device} 666`),
      );
      assert.deepEqual(lines.slice(6, 11), [
        '/proc/self/fd',
        '/proc/self/fd/0',
        '/proc/self/fd/1',
        '/proc/self/fd/2',
        'pts/ptmx',
      ]);
      const names = (lines[11] ?? '').split(' ').filter((name) => name !== 'core' && name !== 'console');
      assert.deepEqual(names, [
        'fd',
        'full',
        'mqueue',
        'null',
        'ptmx',
        'pts',
        'random',
        'shm',
        'stderr',
        'stdin',
        'stdout',
        'tty',
        'urandom',
        'zero',
      ]);
    });

    test('masked paths are empty, read-only ones cannot be written (T5)', async () => {
      const out = await s.sh(
        [],
        'for f in /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug /proc/latency_stats; do [ ! -e $f ] || wc -c <$f; done; for d in /proc/acpi /proc/scsi /sys/firmware; do [ ! -e $d ] || ls -A $d | wc -l; done',
      );
      assert.ok(
        out.split('\n').every((line) => line === '0'),
        out,
      );
      const writes = await s.sh(
        [],
        'for f in /proc/sys/vm/swappiness /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/profiling; do [ ! -e $f ] || (echo 1 >$f) 2>&1 | grep -o "Read-only file system\\|Permission denied" || echo written $f; done',
      );
      assert.doesNotMatch(writes, /written/);
      assert.match(writes, /Read-only/);
    });

    test('the old root is gone (T54)', async () => {
      const out = await s.sh(
        ['--privileged'],
        'stat -c %i / /.. /proc/1/root/ | sort -u | wc -l; ls -A / | xargs; cat /proc/self/mountinfo | cut -d" " -f5',
      );
      assert.equal(out.split('\n')[0], '1');
      assert.ok(!out.includes(s.daemon.home), out);
    });

    test('/proc/self/cgroup shows nothing of the host (T12)', async () => {
      const lines = (await s.sh([], 'cat /proc/self/cgroup')).split('\n');
      assert.ok(
        lines.every((line) => /^\d+:[^:]*:\/$/.test(line) || !line.includes(s.daemon.cgroup)),
        lines.join('\n'),
      );
    });
  });

  describe('privileges', { concurrency: 4 }, () => {
    const status = ['grep', '-E', '^(Cap|NoNewPrivs|Seccomp:|SigBlk|SigIgn)', '/proc/self/status'];
    const parse = (text: string): Record<string, string> =>
      Object.fromEntries(
        text
          .trim()
          .split('\n')
          .map((line) => line.split(/:\s+/) as [string, string]),
      );

    test("capabilities are Docker's default set, inheritable and ambient are empty, on run and exec (T14)", async () => {
      const id = await s.detached([], ['sleep', '100000']);
      for (const text of [
        (await s.run([], status)).stdout,
        await s.ok(['exec', id, ...status]),
        await s.ok(['exec', '-u', '0:0', id, ...status]),
      ]) {
        const found = parse(text);
        assert.deepEqual(
          [found['CapInh'], found['CapPrm'], found['CapEff'], found['CapBnd'], found['CapAmb']],
          [none, defaultCapabilities, defaultCapabilities, defaultCapabilities, none],
        );
      }
      for (const text of [
        (await s.run(['-u', '1234'], status)).stdout,
        await s.ok(['exec', '-u', '1234', id, ...status]),
      ]) {
        const found = parse(text);
        assert.deepEqual(
          [found['CapInh'], found['CapPrm'], found['CapEff'], found['CapBnd'], found['CapAmb']],
          [none, none, none, defaultCapabilities, none],
        );
      }
      await s.ok(['rm', '-f', id]);
    });

    test('a container that may trace sees no process with more rights than it: the init, execs, sharers of its pid namespace', async () => {
      const flags = ['--rm', '--cap-add', 'SYS_PTRACE'];
      const tracer = s.start(['run', '-i', ...flags, '--name', 'tracer', s.rootfs, 'intruder', 'watch'], {
        stdin: 'open',
      });
      const seen = () => [...tracer.stdout.matchAll(/^seized (.*)$/gm)].map((match) => match[1]);
      await until('the tracer', () => /^ready$/m.test(tracer.stdout));
      const path = ['-e', `PATH=${'/none:'.repeat(2000)}/usr/bin:/bin`];
      for (let turn = 0; seen().length < 10 && turn < 50; turn++) {
        await s.ok(['exec', ...path, 'tracer', 'true']);
        await s.ok(['run', ...flags, '--pid', 'container:tracer', ...path, s.rootfs, 'true']);
      }
      tracer.child.stdin.write('over');
      assert.equal((await tracer.outcome).code, 0);
      const [, own] = /^own (.*)$/m.exec(tracer.stdout) ?? [];
      assert.ok(seen().length >= 10, tracer.stdout);
      assert.deepEqual([...new Set([/^init (.*)$/m.exec(tracer.stdout)?.[1], ...seen()])], [own]);
    });

    test('every user may bind any port and ping in a private network; --sysctl overrides this', async () => {
      const ask = async (...flags: string[]) =>
        (await s.run(['-u', '1234', '--cap-drop', 'ALL', ...flags], ['asker', 'port-80', 'ping'])).stdout;
      assert.equal(await ask(), 'port-80 0\nping 0\n');
      const closed = ['net.ipv4.ip_unprivileged_port_start=1024', 'net.ipv4.ping_group_range=1 0'];
      assert.equal(
        await ask(...closed.flatMap((value) => ['--sysctl', value])),
        'port-80 EACCES\nping EACCES\n',
      );
    });

    test('a container has its own session keyring, which its execs share', async () => {
      const flags = ['--security-opt', 'seccomp=unconfined'];
      const one = await s.detached(flags, ['sleep', '100000']);
      const ask = ['asker', 'session-keyring'];
      const keyrings = [
        await s.ok(['exec', one, ...ask]),
        await s.ok(['exec', '-u', '1234', one, ...ask]),
        (await s.run(flags, ask)).stdout.trim(),
        execFileSync(compiled('asker'), ask.slice(1), { encoding: 'utf8' }).trim(),
      ];
      for (const keyring of keyrings) assert.match(keyring, /^session-keyring \d+$/);
      assert.equal(keyrings[1], keyrings[0]);
      assert.equal(new Set(keyrings).size, 3);
      await s.ok(['rm', '-f', one]);
    });

    test('/proc/1 can be inspected and written to: the log, the environment, the root', async () => {
      for (const flags of [[], ['-t'], ['-u', '1234:1234'], ['--cap-drop', 'ALL']]) {
        const id = await s.detached([...flags, '-e', 'COLOUR=green'], ['sleep', '100000']);
        const user = flags[0] === '-u' ? ['-u', '1234:1234'] : [];
        const script =
          'echo to the log >/proc/1/fd/1; tr "\\0" "\\n" </proc/1/environ; readlink /proc/1/exe; ls -d /proc/1/root/usr';
        const out = await s.ok(['exec', ...user, id, 'sh', '-c', script]);
        assert.match(
          out,
          /^COLOUR=green\n(?:.*\n)*\/memfd:liker-init.*\n\/proc\/1\/root\/usr$/m,
          flags.join(' '),
        );
        await until('the log', async () => /^to the log\r?$/m.test(await s.ok(['logs', id])));
        await s.ok(['rm', '-f', id]);
      }
    });

    test('the seccomp filter is on, on run and exec; signals have their defaults (T32); no_new_privs on request', async () => {
      const id = await s.detached([], ['sleep', '100000']);
      for (const text of [
        (await s.run([], status)).stdout,
        (await s.run(['--init=false'], status)).stdout,
        await s.ok(['exec', id, ...status]),
      ]) {
        const found = parse(text);
        assert.deepEqual(
          [found['Seccomp'], found['NoNewPrivs'], found['SigBlk'], found['SigIgn']],
          ['2', '0', none, none],
        );
      }
      assert.equal(
        parse((await s.run(['--security-opt', 'no-new-privileges'], status)).stdout)['NoNewPrivs'],
        '1',
      );
      assert.equal(
        parse((await s.run(['--security-opt', 'seccomp=unconfined'], status)).stdout)['Seccomp'],
        '0',
      );
      await s.ok(['rm', '-f', id]);
    });

    test('the filter refuses dangerous calls, some of which are allowed without it', async () => {
      const names = [
        'mount',
        'unshare-user',
        'clone-user',
        'keyctl',
        'bpf',
        'perf',
        'kexec',
        'userfaultfd',
        'open-by-handle',
      ];
      const out = (await s.run([], ['asker', ...names, 'clone3', 'getpid'])).stdout.trim().split('\n');
      assert.deepEqual(out, [...names.map((name) => `${name} EPERM`), 'clone3 ENOSYS', 'getpid 0']);
      // Without the filter, anyone may do some of these: so the filter refused them.
      const free = (
        await s.run(['--security-opt', 'seccomp=unconfined'], ['asker', 'unshare-user', 'keyctl'])
      ).stdout;
      assert.doesNotMatch(free, /keyctl EPERM/);
    });

    test('a terminal cannot be typed into (T13)', async () => {
      const out = await s.run(['-t'], ['asker', 'tiocsti', 'tiocsti-high', 'tioclinux']);
      assert.equal(out.stdout, 'tiocsti EPERM\r\ntiocsti-high EPERM\r\ntioclinux EPERM\r\n');
    });

    test('a device node created in the container is useless', async () => {
      const out = await s.sh(
        [],
        '[ -r /proc/partitions ]; mknod /disk b 254 0 2>&1; mknod /mem c 1 1 2>&1; for f in /disk /mem; do (head -c1 $f >/dev/null) 2>&1 | grep -o "Operation not permitted\\|No such file" || echo read $f; done',
      );
      assert.doesNotMatch(out, /read/);
      assert.match(out, /Operation not permitted/);
    });

    test('release_agent cannot be set: cgroups are read-only, mount is refused (T11)', async () => {
      const out = await s.sh(
        [],
        'for f in $(find /sys/fs/cgroup -name release_agent -o -name cgroup.procs -o -name tasks -o -name notify_on_release 2>/dev/null); do (echo 1 >$f) 2>/dev/null && echo written $f; done; mount -t cgroup -o memory none /mnt 2>&1 | grep -c . ; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/*/x 2>/dev/null && echo made; true',
      );
      assert.doesNotMatch(out, /written|made/);
      const id = await s.detached([], ['sleep', '100000']);
      for (const path of Object.values((await s.inspect(id)).CgroupPaths)) {
        const file = join(path, 'notify_on_release');
        if (existsSync(file)) assert.equal(readFileSync(file, 'utf8').trim(), '0');
      }
      await s.ok(['rm', '-f', id]);
    });
  });

  /** The mounted v1 hierarchies of this machine: their options for mount(8), and their names in /proc/PID/cgroup. */
  const hierarchies = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' - cgroup '))
    .map((line) => line.split(' ').at(-1)?.split(',').slice(1) ?? [])
    .map((options) =>
      options.filter((option) => !/^(xattr|clone_children|noprefix|release_agent=.*)$/.test(option)),
    )
    .map((options) => options.join(','));

  describe('control groups', { skip: hierarchies.length === 0 && 'no v1 hierarchy is mounted' }, () => {
    test("with SYS_ADMIN no hierarchy is the host's: no release_agent, and a cgroup of its own (T11, CVE-2022-0492)", async () => {
      const mount = (hierarchy: string) =>
        `mount -t cgroup -o ${hierarchy.startsWith('name=') ? 'none,' : ''}${hierarchy} none /m || echo no ${hierarchy}; [ -e /m/tasks ] || echo empty ${hierarchy}; [ ! -e /m/release_agent ] || echo host ${hierarchy}; umount /m`;
      const script = `mkdir /m; ${hierarchies.map(mount).join('; ')}`;
      assert.equal(await s.sh(['--cap-add', 'SYS_ADMIN'], script), '');
      const id = await s.detached([], ['sleep', '100000']);
      await s.ok(['exec', '-d', id, 'sleep', '99999']);
      const inside = pids().filter((pid) => readProc(pid, 'cgroup').includes(id));
      assert.ok(inside.length >= 3, 'init, main and exec');
      for (const pid of inside) {
        const lines = readProc(pid, 'cgroup');
        for (const hierarchy of hierarchies)
          assert.match(lines, new RegExp(`^\\d+:${hierarchy}:.*/${id}$`, 'm'));
      }
      await s.ok(['rm', '-f', id]);
    });

    test('each hierarchy is mounted where programs look for it', async () => {
      const names = hierarchies.flatMap((hierarchy) => [hierarchy, ...hierarchy.split(',')]);
      const paths = [...new Set(names)].map((name) => `/sys/fs/cgroup/${name.replace(/^name=/, '')}`);
      assert.equal(await s.sh([], `for f in ${paths.join(' ')}; do [ -e $f/tasks ] || echo $f; done`), '');
    });

    test(
      'a container that froze itself through the v1 freezer can be killed and removed by force',
      requires('the v1 freezer', hierarchies.includes('freezer')),
      async () => {
        const freeze =
          'cd /sys/fs/cgroup/freezer; mkdir x; echo 1 >x/tasks; for f in x .; do echo FROZEN >$f/freezer.state; done';
        for (const verb of ['kill', 'rm -f']) {
          const id = await s.detached(['--privileged'], ['sh', '-c', freeze]);
          const { CgroupPaths } = await s.inspect(id);
          const state = () =>
            readFileSync(join(CgroupPaths['freezer'] ?? '', 'freezer.state'), 'utf8').trim();
          await until('it to be frozen', () => state() === 'FROZEN');
          await s.ok([...verb.split(' '), id]);
          for (const path of Object.values(CgroupPaths))
            await until(`${path} to go`, () => !existsSync(path));
          await s.ok(['rm', '-f', id]);
        }
      },
    );
  });

  describe("the engine's own files", { concurrency: 2 }, () => {
    const shim = join(repository, 'native/build/liker-shim');
    const digest = (): string => createHash('sha256').update(readFileSync(shim)).digest('hex');

    test('/proc/self/exe and /proc/PID/exe cannot be written to, from inside run or exec (T1, T2)', async () => {
      const before = digest();
      assert.notEqual((await s.run([], ['/proc/self/exe'])).code, 0);
      const id = await s.detached(
        [],
        [
          'bash',
          '-c',
          'while :; do for p in /proc/[0-9]*; do case $p in /proc/$$) ;; *) (printf X >>$p/exe) 2>/dev/null && echo written $(readlink $p/exe); esac; done; done',
        ],
      );
      await s.ok(['exec', id, 'true']);
      for (let round = 0; round < 8; round++) {
        await s.api.exec(id, { args: ['/proc/self/exe'] }).end.catch(() => null);
        assert.equal((await s.api.exec(id, { args: ['true'] }).exit()).code, 0);
      }
      // It may write only to programs in its own layer.
      const written = (await s.ok(['logs', id]))
        .split('\n')
        .filter((line) => line.includes('memfd') || line.includes('liker') || line.includes('node'));
      assert.deepEqual(written, []);
      await s.ok(['rm', '-f', id]);
      assert.equal(digest(), before);
    });

    test('no descriptor is passed in, on run and exec, with and without a terminal (T3, T4)', async () => {
      const id = await s.detached([], ['sleep', '100000']);
      const list = ['sh', '-c', 'ls /proc/$$/fd; true'];
      for (const args of [
        ['run', '--rm', s.rootfs],
        ['run', '--rm', '-t', s.rootfs],
        ['run', '--rm', '--init=false', s.rootfs],
        ['exec', id],
        ['exec', '-t', id],
      ]) {
        assert.equal((await s.ok([...args, ...list])).trim().split(/\s+/).join(' '), '0 1 2', args.join(' '));
      }
      // The init has only the pipe for the exit status.
      assert.ok((await s.sh(['--cap-add', 'SYS_PTRACE'], 'ls /proc/1/fd 2>/dev/null | wc -l')).length <= 1);
      await s.ok(['rm', '-f', id]);
    });

    test('a working directory in /proc/self/fd is refused (T3)', async () => {
      const id = await s.detached([], ['sleep', '100000']);
      const fds = Array.from({ length: 9 }, (_, index) => `/proc/self/fd/${index + 3}`);
      const args = ['sh', '-c', 'pwd; ls'];
      const attempts = fds.flatMap((cwd) => [
        s.api.run(s.spec(args, { cwd })),
        s.api.exec(id, { args, cwd }),
      ]);
      const refusal = { details: /^Cannot start .*: step 'cwd' failed on '\/proc\/self\/fd\// };
      for (const session of attempts) await assert.rejects(session.end, refusal);
      await s.ok(['rm', '-f', id]);
    });
  });

  describe('a hostile root file system', { concurrency: 3 }, () => {
    test('/dev, /proc, /sys and /etc as links do not lead out (T8, T9)', async () => {
      for (const [index, mode] of ['', ':rw', ':ro'].entries()) {
        const root = await hostileRoot(`links-${index}`);
        const outside = join(work, `outside-${index}`);
        mkdirSync(outside);
        for (const name of ['dev', 'proc', 'sys']) {
          rmSync(join(root, name), { recursive: true, force: true });
          symlinkSync(outside, join(root, name));
        }
        renameSync(join(root, 'etc'), join(root, 'etc.own'));
        symlinkSync(outside, join(root, 'etc'));
        const { stderr, code } = await s.likerctl(['run', '--rm', `${root}${mode}`, 'sh', '-c', 'echo in']);
        assert.deepEqual(readdirSync(outside), [], `code ${code}: ${stderr}`);
        assert.doesNotMatch(stderr, /Internal/);
        assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(outside));
      }
    });

    test('mount targets are resolved inside the root, including links and .. (T9)', async () => {
      const root = await hostileRoot('targets');
      const source = join(work, 'mounted');
      const outside = join(work, 'aim');
      mkdirSync(source);
      mkdirSync(outside);
      writeFileSync(join(source, 'mark'), 'mounted');
      symlinkSync(outside, join(root, 'absolute'));
      symlinkSync('../../../../../../../../..'.concat(outside), join(root, 'dots'));
      for (const target of ['/absolute', '/absolute/deeper', '/dots/x', '/../../..'.concat(outside)]) {
        const out = await s.likerctl([
          'run',
          '--rm',
          '-v',
          `${source}:${target}`,
          root,
          'sh',
          '-c',
          `cat ${target}/mark`,
        ]);
        assert.deepEqual(readdirSync(outside), [], target);
        if (out.code === 0) assert.equal(out.stdout, 'mounted');
        else assert.equal(out.code, 125, out.stderr);
      }
    });

    test('/etc/passwd as a link, a FIFO, a device or a huge file is neither a way out nor a hang (T16)', async () => {
      const root = await hostileRoot('users');
      const passwd = join(root, 'etc/passwd');
      const run = (user: string) =>
        s.likerctl(['run', '--rm', '-u', user, root, 'id', '-u'], { hangMs: 15_000 });
      const secret = join(work, 'secret-passwd');
      writeFileSync(secret, 'insider:x:4242:4242::/:/bin/sh\n');
      rmSync(passwd);
      symlinkSync(secret, passwd);
      assert.equal((await run('insider')).code, 125);
      rmSync(passwd);
      const { execFileSync } = await import('node:child_process');
      execFileSync('mkfifo', [passwd]);
      assert.equal((await run('insider')).code, 125);
      rmSync(passwd);
      execFileSync('mknod', [passwd, 'c', '1', '5']);
      assert.equal((await run('insider')).code, 125);
      rmSync(passwd);
      writeFileSync(passwd, `${'x'.repeat(2 << 20)}\ninsider:x:4242:4242::/:/bin/sh\n`);
      assert.equal((await run('insider')).stdout, '4242\n');
      truncateSync(passwd, 65 << 20);
      assert.equal((await run('insider')).code, 125);
      // Numeric ids need no file.
      const numeric = await run('4243');
      assert.deepEqual([numeric.code, numeric.stdout], [0, '4243\n']);
    });

    test('an unknown user is an error and never root (T15)', async () => {
      const id = await s.detached([], ['sleep', '100000']);
      for (const user of [
        '+0',
        '0x0',
        '-1',
        '4294967295',
        '4294967296',
        '18446744073709551616',
        ' 0',
        '0 ',
        'root ',
        ':0x0',
        '0:-1',
        'nobody-such',
        '1e3',
        'root:no-group',
      ]) {
        const process = { args: ['id', '-u'], user };
        for (const session of [s.api.run(s.spec(process.args, process)), s.api.exec(id, process)])
          await assert.rejects(session.end, {
            details: /^(Unknown (user|group) '|Invalid .*user ')/,
          });
      }
      await s.ok(['rm', '-f', id]);
    });

    test('top runs nothing of the container (T17)', async () => {
      const id = await s.detached(
        [],
        [
          'sh',
          '-c',
          'rm /usr/bin/ps; printf "#!/bin/sh\\ntouch /used" >/usr/bin/ps; chmod +x /usr/bin/ps; echo ready; exec sleep 100000',
        ],
      );
      assert.match(await s.ok(['top', id]), /sleep|sh/);
      assert.notEqual((await s.likerctl(['exec', id, 'ls', '/used'])).code, 0);
      await s.ok(['rm', '-f', id]);
    });

    test('file names of the root itself are not changed', () => {
      for (const name of ['etc/passwd', 'usr/bin/bash']) assert.ok(lstatSync(join(s.rootfs, name)).isFile());
    });
  });

  test("the thread of likerd's event loop has priority over all others, and nothing that it starts does", async () => {
    const niceOf = (task: string): number => {
      const stat = readFileSync(`/proc/${task}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
    };
    // likerd keeps the nice value of these tests, if they have one.
    const own = getPriority();
    const { pid } = s.daemon;
    const threads = readdirSync(`/proc/${pid}/task`).map((tid) => `${pid}/task/${tid}`);
    const loop = `${pid}/task/${pid}`;
    assert.deepEqual(
      threads.filter((task) => niceOf(task) !== own).map((task) => [task, niceOf(task)]),
      own === 0 ? [[loop, -10]] : [],
    );
    const group = `/proc/${pid}/autogroup`;
    if (own === 0 && existsSync(group)) assert.match(readFileSync(group, 'utf8'), / nice -10$/m);
    const id = await s.detached([], ['sleep', '1000']);
    try {
      const [shim = 0] = shimsBelow(s.daemon.home);
      const started = [shim, ...childrenOf(shim)];
      assert.ok(started.length > 1);
      assert.deepEqual(
        started.filter((process) => niceOf(String(process)) !== own),
        [],
      );
    } finally {
      await s.ok(['rm', '-f', id]);
    }
  });
}
