// What an ordinary user's likerd needs of the machine, and what its launcher, liker-rootless, hands on.
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { userFolders } from '../common/user-folders.ts';
import { isAlive, pids, readProc } from './harness/proc.ts';
import { requiresProgram } from './harness/requires.ts';
import { until } from './harness/until.ts';
import { User } from './harness/user.ts';

const needs = requiresProgram('newuidmap', 'newgidmap', 'useradd', 'setpriv', 'unshare', 'chroot', 'socat');

describe('the start of an ordinary user', needs, () => {
  let user: User;
  let launcher = '';
  const folder = mkdtempSync(join(tmpdir(), 'lks-'));

  before(async () => {
    chmodSync(folder, 0o755);
    user = await User.add();
    launcher = join(user.checkout, 'native/build/liker-rootless');
  });
  after(async () => {
    await user?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (words: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8', timeout: 60_000 });

  /** likerd of the user, in a mount namespace in which this script was run as root. */
  const likerdAfter = (script: string) =>
    run([
      ...['unshare', '-m', '--propagation', 'private', 'sh', '-c', `${script}\nexec "$@"`, 'sh'],
      ...user.command(),
      join(user.checkout, 'bin/likerd'),
    ]);

  /** By liker-rootless, as the user. */
  const launched = (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    run([...user.command(env), launcher, ...words]);

  describe('is refused with one line that says what is missing and how to mend it', () => {
    const refusal = (text: RegExp | string, { status, stdout, stderr }: SpawnSyncReturns<string>): void => {
      assert.equal(status, 1, stderr);
      assert.equal(stdout, '');
      const [line = '', ...more] = stderr.split('\n');
      assert.deepEqual(more, [''], stderr);
      const said = line.replace(/^likerd: Cannot start without root: /, '');
      if (typeof text === 'string') assert.equal(said, text);
      else assert.match(said, text);
    };
    const copyOf = (file: string) => join(folder, file.replaceAll('/', '-'));
    const without = (file: string) => {
      const rest = readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => !line.startsWith(`${user.name}:`));
      writeFileSync(copyOf(file), rest.join('\n'));
      return `mount --bind ${copyOf(file)} ${file}`;
    };

    test('newuidmap, newgidmap', () => {
      const hide = (program: string) => `mount --bind /dev/null $(readlink -f $(command -v ${program}))`;
      const packages =
        "run 'sudo apt-get install uidmap' (other systems: the package shadow-utils or shadow)";
      refusal(`newuidmap is missing; ${packages}`, likerdAfter(hide('newuidmap')));
      refusal(`newgidmap is missing; ${packages}`, likerdAfter(hide('newgidmap')));
      const both = likerdAfter(`${hide('newuidmap')}; ${hide('newgidmap')}`);
      refusal(`newuidmap and newgidmap are missing; ${packages}`, both);
    });

    test('subordinate ids', () => {
      const range = String.raw`(\d+)-(\d+)`;
      const said = `user '${user.name}' has no subordinate`;
      const uids = likerdAfter(without('/etc/subuid'));
      refusal(
        new RegExp(
          `^${said} user ids in /etc/subuid; run 'sudo usermod --add-subuids ${range} ${user.name}'$`,
        ),
        uids,
      );
      refusal(
        new RegExp(
          `^${said} group ids in /etc/subgid; run 'sudo usermod --add-subgids ${range} ${user.name}'$`,
        ),
        likerdAfter(without('/etc/subgid')),
      );
      const both = likerdAfter(`${without('/etc/subuid')}; ${without('/etc/subgid')}`);
      refusal(
        new RegExp(
          `^${said} ids in /etc/subuid and /etc/subgid; run 'sudo usermod --add-subuids ${range} --add-subgids ${range} ${user.name}'$`,
        ),
        both,
      );
      // The ids that are proposed belong to nobody, in the files that likerd has read: meanwhile, other tests may have added users.
      const [, start, end] = new RegExp(range).exec(both.stderr)?.map(Number) ?? [];
      assert.equal((end ?? 0) - (start ?? 0), 65_535);
      const files = ['/etc/subuid', '/etc/subgid'].map(copyOf);
      const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n'));
      for (const line of lines.filter((entry) => entry !== '')) {
        const [, from = 0, count = 0] = line.split(':').map(Number);
        assert.ok(from + count <= (start ?? 0), line);
      }
    });

    test('user namespaces', () => {
      // The limit is one of the user namespace: that of another one, in which root and the user are the same.
      const ids = join(folder, 'ids');
      const name = readFileSync('/etc/subuid', 'utf8');
      writeFileSync(ids, `root:0:4000000000\n${name}`);
      const maps = '--map-users=0,0,4000000000 --map-groups=0,0,4000000000';
      const none = likerdAfter(
        `mount --bind ${ids} /etc/subuid; mount --bind ${ids} /etc/subgid
        exec unshare -U ${maps} sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh "$@"`,
      );
      refusal(
        "the limit on user namespaces is reached; run 'sudo sysctl -w user.max_user_namespaces=15000'",
        none,
      );
      const root = join(folder, 'root');
      mkdirSync(root);
      const inChroot = likerdAfter(`mount --rbind / ${root}; set -- chroot ${root} "$@"`);
      refusal(/^the kernel refused a user namespace: EPERM; a process in a chroot/, inChroot);
    });

    test('newuidmap without its rights', () => {
      const plain = join(folder, 'newuidmap');
      copyFileSync('/usr/bin/newuidmap', plain);
      chmodSync(plain, 0o755);
      const { status, stderr } = likerdAfter(`mount --bind ${plain} /usr/bin/newuidmap`);
      assert.equal(status, 1);
      const lines = stderr.trimEnd().split('\n');
      assert.match(lines[0] ?? '', /^newuidmap: /);
      assert.match(
        lines.at(-1) ?? '',
        /^likerd: Cannot start without root: newuidmap or newgidmap refused .* run 'sudo apt-get install --reinstall uidmap'$/,
      );
    });
  });

  describe('npm start', () => {
    const npmStart = (command: readonly string[], within: readonly string[] = []) =>
      run([...within, ...user.command(), ...['env', '-C', user.checkout, 'sh', 'scripts/start', ...command]]);

    test('says what is missing, and where likerd has said it', () => {
      const hide = 'mount --bind /dev/null $(readlink -f $(command -v newuidmap)); exec "$@"';
      const { status, stdout, stderr } = npmStart(
        ['true'],
        ['unshare', '-m', '--propagation', 'private', 'sh', '-c', hide, 'sh'],
      );
      assert.deepEqual([status, stdout], [125, ''], stderr);
      const log = join(user.home, '.local/share/liker/likerd.log');
      assert.ok(
        stderr.startsWith(`liker: Cannot start likerd: it ended with status 1; its log, ${log}, says:\n`),
      );
      assert.match(stderr, /newuidmap is missing; run 'sudo apt-get install uidmap'/);
    });

    test('goes from nothing to a command in a container, in folders of the user', async () => {
      const { status, stdout, stderr } = npmStart(['sh', '-c', 'cat /proc/self/uid_map; exit 7']);
      assert.equal(status, 7, stderr);
      assert.match(stdout, new RegExp(`^ +0 +${user.uid} +1\n`));
      const data = join(user.home, '.local/share/liker');
      assert.match(stderr, new RegExp(`building a root file system .* in ${data}/rootfs\n`));
      assert.equal(statSync(join(data, 'rootfs/bin/bash')).uid, user.uid);
      assert.equal(statSync(join(user.runtime, 'liker/liker.sock')).mode & 0o777, 0o600);
      const again = npmStart(['echo', 'here']);
      assert.deepEqual([again.status, again.stdout, again.stderr], [0, 'here\n', '']);
      const format = '{{.RootDir}} {{.DaemonPid}}';
      const told = user.run(join(user.checkout, 'bin/likerctl'), ['info', '--format', format]);
      const [root, pid] = told.trim().split(' ');
      assert.equal(root, data);
      user.run('kill', [pid ?? '']);
      await until('the end of likerd', () => !isAlive(Number(pid)));
    });
  });

  test('--help and --version need none of it', () => {
    for (const option of ['--help', '--version']) {
      const { status, stdout } = run([...user.command(), join(user.checkout, 'bin/likerd'), option]);
      assert.deepEqual([status, stdout === ''], [0, false]);
    }
    const help = run([...user.command(), join(user.checkout, 'bin/likerd'), '--help']).stdout;
    assert.ok(help.includes(join(user.home, '.local/share/liker')), help);
  });

  test('the folders are those that likerctl looks in', () => {
    const cases: NodeJS.ProcessEnv[] = [
      {},
      { XDG_RUNTIME_DIR: undefined },
      { XDG_RUNTIME_DIR: 'relative', XDG_DATA_HOME: 'relative' },
      { XDG_DATA_HOME: join(user.home, 'data'), XDG_RUNTIME_DIR: '' },
      { XDG_RUNTIME_DIR: '/root' },
      { XDG_RUNTIME_DIR: join(user.home, 'none-yet') },
    ];
    for (const env of cases) {
      const words = ['/bin/sh', '-c', 'echo $LIKER_ROOT; echo $LIKER_RUN', '--', '--version'];
      const given = { HOME: user.home, XDG_RUNTIME_DIR: user.runtime, ...env };
      const { data, run: folderOfRun } = userFolders(given, user.uid);
      assert.equal(launched(words, env).stdout, `${data}\n${folderOfRun}\n`, JSON.stringify(env));
    }
    const set = launched(['/bin/sh', '-c', 'echo $LIKER_RUN', '--', '--version', '--run', '/a/b'], {
      LIKER_RUN: '/c',
    });
    assert.equal(set.stdout, '/a/b\n');
  });

  test("a folder in which root's likerd has run is refused with what to do", () => {
    const root = join(user.home, 'of-root');
    mkdirSync(root);
    writeFileSync(join(root, 'likerd.lock'), '', { mode: 0o600 });
    chownSync(root, user.uid, user.gid);
    const folders = ['--root', root, '--run', join(root, 'run'), '--socket', join(root, 'run/s')];
    const { status, stderr } = run([...user.command(), join(user.checkout, 'bin/likerd'), ...folders]);
    assert.equal(status, 1);
    assert.equal(
      stderr,
      `likerd: Cannot use '${root}': the user who runs likerd may not write '${root}/likerd.lock', where another user's likerd may have run; give another --root\n`,
    );
  });

  test('without a runtime folder, or with that of root, it says where the run folder is', () => {
    for (const folder of [undefined, '/root']) {
      const { stderr, stdout } = launched(['/bin/echo', 'hi'], { XDG_RUNTIME_DIR: folder });
      const at = join(user.home, '.local/share/liker/run');
      assert.equal(
        stderr,
        `likerd: the user has neither an XDG_RUNTIME_DIR nor a /run/user/UID: the run folder is ${at}\n`,
      );
      assert.equal(stdout, 'hi\n');
    }
  });

  describe('the process stays the same', () => {
    const env = { LIKER_RUN: '/nowhere' };

    test('exit status, pid, descriptors, and mounts that do not reach the machine', () => {
      assert.equal(launched(['/bin/sh', '-c', 'exit 7'], env).status, 7);
      assert.equal(launched(['/bin/sh', '-c', 'kill -USR1 $$'], env).signal, 'SIGUSR1');
      const script = `exec 7<${folder}/seven; echo $$; exec ${launcher} /bin/sh -c 'echo $$; cat <&7; mount -t tmpfs none /mnt && id -u'`;
      writeFileSync(join(folder, 'seven'), 'seven\n');
      const [before, now, ...rest] = run([...user.command(env), 'sh', '-c', script]).stdout.split('\n');
      assert.equal(now, before);
      assert.deepEqual(rest, ['seven', '0', '']);
      assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), / \/mnt .* tmpfs none /);
    });

    test('a socket of systemd, the ready descriptor and the notices of a service are those of likerd', async () => {
      const [socket = '', notices = '', made = ''] = ['systemd.sock', 'notices.sock', 'made.sock'].map(
        (name) => join(user.home, name),
      );
      const listener = spawn('socat', ['-u', `UNIX-RECV:${notices},mode=777`, 'STDOUT'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const heard = once(listener.stdout, 'data');
      const server = createServer().listen(made);
      await once(server, 'listening');
      chownSync(made, user.uid, user.gid);
      // A second name: closing the server here, so that only likerd accepts, removes the first.
      linkSync(made, socket);
      await until('the listener for notices', () => existsSync(notices));
      const words = [
        ...user.command({ LISTEN_FDS: '1', NOTIFY_SOCKET: notices }),
        ...['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh'],
        ...[join(user.checkout, 'bin/likerd'), '--ready-fd', '4'],
      ];
      const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
      const child = spawn(words[0] ?? '', words.slice(1), {
        stdio: ['ignore', 'ignore', 'ignore', fd, 'pipe'],
      });
      server.close();
      try {
        const ready = once(child.stdio[4] as NodeJS.ReadableStream, 'data');
        await Promise.race([ready, once(child, 'exit').then(() => assert.fail('it does not start'))]);
        assert.match(String(await heard), /^READY=1$/m);
        const client = [...user.command(), join(user.checkout, 'bin/likerctl'), '--host', `unix://${socket}`];
        const pid = spawnSync(client[0] ?? '', [...client.slice(1), 'info', '-f', '{{.DaemonPid}}'], {
          encoding: 'utf8',
        });
        assert.equal(pid.stdout, `${child.pid}\n`, pid.stderr);
      } finally {
        listener.kill();
        child.kill();
        await until('the end of likerd', () => child.exitCode !== null || child.signalCode !== null);
      }
    });

    test('it ends with its parent if that was asked for, and hears signals', async () => {
      const marker = `${folder}/marker`;
      const words = [
        ...user.command(env),
        'sh',
        '-c',
        `setpriv --pdeathsig TERM ${launcher} /bin/sleep 4713 & echo ready; wait`,
      ];
      const parent = spawn(words[0] ?? '', [...words.slice(1), marker], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await once(parent.stdout, 'data');
      const sleepers = () => pids().filter((pid) => readProc(pid, 'cmdline') === '/bin/sleep\x004713\0');
      await until('the program to run', () => sleepers().length === 1);
      parent.kill('SIGKILL');
      await until('its end with its parent', () => sleepers().length === 0);
    });
  });
});
