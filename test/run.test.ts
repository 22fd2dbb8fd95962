// likerctl run: exit codes, the process, its root file system, its streams.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startDaemon } from './harness/daemon.ts';
import { environment, ok, program } from './harness/likerctl.ts';
import { buildRootfs } from './harness/rootfs.ts';
import { suite } from './harness/suite.ts';
import { shellOnTerminal } from './harness/terminal.ts';
import { until } from './harness/until.ts';

const s = suite();
const folder = (name = '') => s.folder(join('run', name));

describe('exit codes', { concurrency: 4 }, () => {
  for (const code of [0, 13, 255]) {
    test(`the command's own exit code: ${code}`, async () => {
      assert.equal((await s.run([], ['sh', '-c', `exit ${code}`])).code, code);
    });
  }

  test('127 for a command that is not found, with one line that names it', async () => {
    const { code, stdout, stderr } = await s.run([], ['no-such-program']);
    assert.equal(code, 127);
    assert.equal(stdout, '');
    assert.match(stderr, /^likerctl: .*no-such-program.*\n$/);
  });

  test('127 for a program whose interpreter is missing, which the error names', async () => {
    const script = join(folder(), 'script');
    const scripts = {
      '#!/opt/python\n': /'\/script' needs '\/opt\/python'/,
      '#!/bin/sh\r\n': /carriage return/,
    };
    for (const [line, words] of Object.entries(scripts)) {
      writeFileSync(script, line, { mode: 0o755 });
      const { code, stderr } = await s.run(['-v', `${script}:/script:ro`], ['/script']);
      assert.equal(code, 127);
      assert.match(stderr, /^likerctl: .*\n$/);
      assert.match(stderr, words);
    }
  });

  test('126 for a command that is not executable', async () => {
    const { code, stderr } = await s.run([], ['/etc/passwd']);
    assert.equal(code, 126);
    assert.match(stderr, /^likerctl: .*\/etc\/passwd.*\n$/);
    assert.equal((await s.run([], ['/etc'])).code, 126);
  });

  test('125 for errors of the engine', async () => {
    const missing = await s.likerctl(['run', '--rm', '/no/such/folder', 'true']);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /^likerctl: .*\/no\/such\/folder.*\n$/);
    const flag = await s.likerctl(['run', '--no-such-flag', s.rootfs, 'true']);
    assert.equal(flag.code, 125);
  });

  test('125 for output that cannot be written', async () => {
    const script = `likerctl run --rm '${s.rootfs}' echo hi >/dev/full; echo code=$?`;
    await using shell = shellOnTerminal(s.daemon, script);
    await shell.end();
    assert.match(shell.history(), /^likerctl: Cannot write the output: .*no space is left.*\ncode=125$/);
  });

  for (const [signal, code] of [
    ['KILL', 137],
    ['TERM', 143],
    ['SEGV', 139],
  ] as const) {
    test(`${code} for SIG${signal}`, async () => {
      assert.equal((await s.run([], ['sh', '-c', `kill -${signal} $$`])).code, code);
    });
  }

  test('127 and 126 with -d too; with --rm nothing is left', async () => {
    assert.equal(
      (await s.likerctl(['run', '-d', '--rm', '--name', 'ghost', s.rootfs, 'no-such-program'])).code,
      127,
    );
    assert.equal((await s.likerctl(['run', '-d', '--rm', s.rootfs, '/etc/passwd'])).code, 126);
    assert.equal((await s.likerctl(['inspect', 'ghost'])).code, 1);
  });
});

describe('the process', { concurrency: 4 }, () => {
  test('-e, --env-file and variables of likerctl; nothing else is inherited (T18)', async () => {
    const file = join(folder(), 'env');
    writeFileSync(file, '# comment\nFROM_FILE=a b\n');
    const out = await s.sh(
      ['-e', 'ONE=1=1', '-e', 'OWN', '-e', 'MISSING', '--env-file', file],
      'env | grep -v ^_= | sort',
      { env: { OWN: 'mine', SECRET: 'no' } },
    );
    const lines = out.split('\n').filter((line) => !/^(PWD|SHLVL)=/.test(line));
    assert.deepEqual(
      lines.map((line) => line.replace(/^HOSTNAME=.*/, 'HOSTNAME')),
      [
        'FROM_FILE=a b',
        'HOME=/root',
        'HOSTNAME',
        'ONE=1=1',
        'OWN=mine',
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ],
    );
  });

  test('--env-file is read only by likerctl, not by its Node.js', async () => {
    const file = join(folder(), 'node-env');
    writeFileSync(file, 'NODE_OPTIONS=--no-such-option\n');
    assert.equal(await s.sh(['--env-file', file], 'echo $NODE_OPTIONS'), '--no-such-option');
    const { code, stderr } = await s.run(['--env-file', '/nonexistent'], ['true']);
    assert.deepEqual(
      [code, stderr],
      [
        125,
        "likerctl: Cannot read --env-file '/nonexistent': ENOENT: there is no such file; check the path\n",
      ],
    );
  });

  test('-w creates a missing directory; exec does not', async () => {
    assert.equal(await s.sh(['-w', '/tmp/a/b'], 'pwd'), '/tmp/a/b');
    assert.equal(await s.sh([], 'pwd'), '/');
    const id = await s.detached(['-w', '/tmp/made'], ['sleep', '1000']);
    const { code, stderr } = await s.likerctl(['exec', '-w', '/tmp/typo', id, 'pwd']);
    assert.equal(code, 125);
    assert.match(stderr, /^likerctl: Cannot start .*'\/tmp\/typo'.*no such directory.*\n$/);
    assert.equal(await s.ok(['exec', id, 'sh', '-c', 'pwd; ls /tmp']), '/tmp/made\nmade');
    await s.ok(['rm', '-f', id]);
  });

  test('-u takes a name or a number, with a group; supplementary groups come from the container', async () => {
    writeFileSync(
      join(s.rootfs, 'etc/passwd'),
      `${readFileSync(join(s.rootfs, 'etc/passwd'), 'utf8')}ann:x:1234:1234::/home/ann:/bin/bash\n`,
    );
    writeFileSync(
      join(s.rootfs, 'etc/group'),
      `${readFileSync(join(s.rootfs, 'etc/group'), 'utf8')}ann:x:1234:\nteam:x:2345:ann\nmore:x:3456:\n`,
    );
    assert.equal(
      await s.sh(['-u', 'ann'], 'id -u; id -g; id -G; echo $HOME'),
      '1234\n1234\n1234 2345\n/home/ann',
    );
    assert.equal(await s.sh(['-u', 'ann:team'], 'id -u; id -g'), '1234\n2345');
    assert.equal(await s.sh(['-u', '77:88'], 'id -u; id -g; id -G'), '77\n88\n88');
    assert.equal(
      await s.sh(
        ['-u', '1234', '--group-add', 'more', '--group-add', '99'],
        'id -G | tr " " "\n" | sort -n | xargs',
      ),
      '99 1234 2345 3456',
    );
    const id = await s.detached(['--group-add', '99'], ['sleep', '1000']);
    assert.equal(await s.ok(['exec', '-u', '77:88', id, 'id', '-G']), '88 99', 'they come along to an exec');
    await s.ok(['rm', '-f', id]);
    const unknown = await s.run(['-u', 'nobody-here'], ['id']);
    assert.equal(unknown.code, 125);
    assert.match(unknown.stderr, /nobody-here/);
  });

  test('--entrypoint', async () => {
    assert.equal((await s.run(['--entrypoint', 'echo'], ['a', 'b'])).stdout, 'a b\n');
  });

  test('the default command is bash', async () => {
    const { stdout } = await s.likerctl(['run', '-i', '--rm', s.rootfs], {
      stdin: 'echo $0 $BASH_VERSION\n',
    });
    assert.match(stdout, /^bash \d/);
  });

  test('a small init is pid 1, reaps, and passes the exit status on; --init=false omits it', async () => {
    assert.equal(await s.sh([], 'echo $$'), '2');
    assert.equal(await s.sh(['--init=false'], 'echo $$'), '1');
    const zombies = '(sleep 0.05 & exec true) & sleep 0.3; grep -l "^State:.Z" /proc/[0-9]*/status | wc -l';
    assert.equal(await s.sh(['--init'], zombies), '0');
  });

  test('--ulimit, --sysctl, --shm-size, --tmpfs', async () => {
    assert.equal(await s.sh(['--ulimit', 'nofile=100:200'], 'ulimit -Sn; ulimit -Hn'), '100\n200');
    const create = ['create', '--rm', '--name', 'boundless', '--ulimit', 'stack=unlimited', s.rootfs];
    await s.ok([...create, 'bash', '-c', 'ulimit -Ss; ulimit -Hs']);
    const ulimits = await s.ok(['inspect', '-f', '{{json .HostConfig.Ulimits}}', 'boundless']);
    assert.equal(ulimits, '[{"Name":"stack","Soft":-1,"Hard":-1}]');
    assert.equal(await s.ok(['start', '-a', 'boundless']), 'unlimited\nunlimited');
    assert.equal(await s.sh(['--sysctl', 'net.ipv4.ip_forward=1'], 'cat /proc/sys/net/ipv4/ip_forward'), '1');
    assert.equal(
      await s.sh(['--shm-size', '16m'], 'df -k --output=size /dev/shm | tail -1 | tr -d " "'),
      '16384',
    );
    assert.match(
      await s.sh(['--tmpfs', '/scratch:size=1m,mode=1770'], 'grep " /scratch " /proc/mounts'),
      /size=1024k,mode=1770/,
    );
  });

  test('--timeout kills the container', async () => {
    const { code } = await s.run(['--timeout', '1'], ['sleep', '1000']);
    assert.equal(code, 137);
  });

  test('signals are forwarded without a terminal; --sig-proxy=false does not forward them', async () => {
    const script =
      'trap "echo got usr1" USR1; trap "echo got term; exit 9" TERM; echo ready; while :; do sleep 0.1; done';
    const running = s.start(['run', '--rm', s.rootfs, 'sh', '-c', script]);
    await running.waitFor('ready');
    running.kill('SIGUSR1');
    await running.waitFor('got usr1');
    running.kill('SIGTERM');
    assert.equal((await running.outcome).code, 9);

    const alone = s.start([
      'run',
      '--rm',
      '--name',
      'alone',
      '--sig-proxy=false',
      s.rootfs,
      'sh',
      '-c',
      script,
    ]);
    await alone.waitFor('ready');
    alone.kill('SIGTERM');
    assert.equal((await alone.outcome).code, 143);
    assert.equal((await s.inspect('alone')).State.Status, 'running');
    await s.ok(['rm', '-f', 'alone']);
  });
});

describe('signals and disconnected clients', { concurrency: 3 }, () => {
  test('WINCH, CHLD, URG, TSTP, TTIN, TTOU and PIPE are not forwarded', async () => {
    const names = ['WINCH', 'CHLD', 'URG', 'TSTP', 'TTIN', 'TTOU', 'PIPE'];
    const traps = names.filter((name) => name !== 'CHLD').map((name) => `trap "echo got ${name}" ${name}`);
    const script = `${traps.join('; ')}; trap "echo got USR2; exit 0" USR2; echo ready; while :; do read -t 0.1 x <>/dev/zero; done`;
    const running = s.start(['run', '--rm', s.rootfs, 'bash', '-c', script]);
    await running.waitFor('ready');
    for (const name of names) running.kill(`SIG${name}` as NodeJS.Signals);
    // The default action of some of them is to stop the process.
    running.kill('SIGCONT');
    running.kill('SIGUSR2');
    assert.deepEqual((await running.outcome).stdout.trim().split('\n'), ['ready', 'got USR2']);
  });

  test('--on-disconnect decides what happens to the process when likerctl is killed', async () => {
    const script = 'trap "exit 77" HUP; echo ready; while :; do sleep 0.05; done';
    const ends = { keep: 'running', hangup: 77, kill: 137 } as const;
    await Promise.all(
      Object.entries(ends).map(async ([policy, end]) => {
        const name = `left-${policy}`;
        const client = s.start([
          'run',
          '--name',
          name,
          '--on-disconnect',
          policy,
          s.rootfs,
          'sh',
          '-c',
          script,
        ]);
        await client.waitFor('ready');
        client.kill('SIGKILL');
        await client.outcome;
        if (end === 'running') {
          await until('client lost', async () => (await s.inspect(name)).State.ClientLost);
          assert.match(
            await s.ok(['ps', '--filter', `name=${name}`, '--format', '{{.Status}}']),
            /client lost/,
          );
        } else assert.equal(Number(await s.ok(['wait', name])), end);
        await s.ok(['rm', '-f', name]);
      }),
    );
  });
});

describe('names and files', { concurrency: 4 }, () => {
  test('--name, --label, --label-file, --hostname, --domainname', async () => {
    const labels = join(folder(), 'labels');
    writeFileSync(labels, 'c=from file\n');
    await s.ok([
      'create',
      '--name',
      'named',
      '-l',
      'a=b',
      '--label',
      'flag',
      '--label-file',
      labels,
      s.rootfs,
      'true',
    ]);
    assert.equal(
      await s.ok(['inspect', '-f', '{{json .Config.Labels}}', 'named']),
      '{"a":"b","c":"from file","flag":""}',
    );
    const taken = await s.likerctl(['create', '--name', 'named', s.rootfs, 'true']);
    assert.equal(taken.code, 125);
    assert.match(taken.stderr, /'?named'?.*\n$/);
    assert.equal(
      await s.sh(
        ['--hostname', 'box', '--domainname', 'lab'],
        'hostname; cat /proc/sys/kernel/domainname; cat /etc/hostname',
      ),
      'box\nlab\nbox',
    );
    const id = await s.ok(['inspect', '-f', '{{.Id}}', 'named']);
    await s.ok(['rm', 'named']);
    assert.match(id, /^[0-9a-f]{64}$/);
  });

  test('--replace removes the container that has the name', async () => {
    const first = await s.detached(['--name', 'again'], ['sleep', '1000']);
    const second = await s.detached(['--name', 'again', '--replace'], ['sleep', '1000']);
    assert.notEqual(first, second);
    assert.equal((await s.inspect('again')).Id, second);
    assert.equal((await s.likerctl(['inspect', first])).code, 1);
    await s.ok(['rm', '-f', 'again']);
  });

  test('--cidfile and --pidfile', async () => {
    const [cid, pid] = [join(folder(), 'cid'), join(folder(), 'pid')];
    const id = await s.detached(['--cidfile', cid, '--pidfile', pid], ['sleep', '1000']);
    assert.equal(readFileSync(cid, 'utf8'), id);
    const written = await until('the pid file', () => existsSync(pid) && readFileSync(pid, 'utf8'));
    assert.equal(Number(written), (await s.inspect(id)).State.Pid);
    const again = await s.likerctl(['run', '--rm', '--cidfile', cid, s.rootfs, 'true']);
    assert.equal(again.code, 125);
    assert.match(again.stderr, /exists/);
    await s.ok(['rm', '-f', id]);
    // It is gone before it can be inspected.
    for (let round = 0; round < 5; round++) {
      rmSync(pid, { force: true });
      const short = await s.likerctl(['run', '--rm', '--pidfile', pid, s.rootfs, 'sh', '-c', 'echo $PPID']);
      assert.deepEqual([short.code, short.stderr], [0, '']);
      assert.ok(Number(readFileSync(pid, 'utf8')) > 1);
    }
    rmSync(pid);
    await s.detached(['--rm', '--pidfile', pid], ['true']);
    assert.ok(Number(readFileSync(pid, 'utf8')) > 1);
  });

  test('the hostname is the short id, and is in /etc/hosts', async () => {
    const id = await s.detached([], ['sh', '-c', 'hostname; cat /etc/hosts; sleep 1000']);
    const seen = await until(
      'output',
      async () => (await s.ok(['logs', id])).split('\n').length > 3 && s.ok(['logs', id]),
    );
    assert.ok(seen.startsWith(id.slice(0, 12)));
    assert.match(seen, new RegExp(`\\s${id.slice(0, 12)}$`, 'm'));
    await s.ok(['rm', '-f', id]);
  });

  test('--add-host and --dns', async () => {
    const out = await s.sh(
      ['--add-host', 'db:10.1.2.3', '--add-host', 'six:::1', '--dns', '9.9.9.9'],
      'cat /etc/hosts /etc/resolv.conf',
    );
    assert.match(out, /^10\.1\.2\.3\s+db$/m);
    assert.match(out, /^::1\s+six$/m);
    assert.match(out, /^nameserver 9\.9\.9\.9$/m);
  });
});

describe('shared namespaces', { concurrency: 4 }, () => {
  test('--network none has a loopback interface that is up, and no other', async () => {
    const out = await s.sh(
      [],
      'ls /sys/class/net; cat /sys/class/net/lo/operstate; cat /proc/net/route | wc -l; (exec 3<>/dev/tcp/127.0.0.1/1) 2>&1 | grep -m1 -o refused',
    );
    assert.deepEqual(out.split('\n').slice(0, 1), ['lo']);
    assert.equal(
      out.split('\n').at(-1),
      'refused',
      'a connection to the loopback is refused, not unreachable',
    );
  });

  test('--network, --pid, --ipc, --uts and --cgroupns host use those of the host', async () => {
    const flags = [
      '--network',
      'host',
      '--pid',
      'host',
      '--ipc',
      'host',
      '--uts',
      'host',
      '--cgroupns',
      'host',
    ];
    const out = await s.sh(
      flags,
      'for n in net pid ipc uts cgroup; do readlink /proc/self/ns/$n; done; hostname',
    );
    const { readlinkSync } = await import('node:fs');
    const host = ['net', 'pid', 'ipc', 'uts', 'cgroup'].map((name) => readlinkSync(`/proc/self/ns/${name}`));
    assert.deepEqual(out.split('\n'), [...host, hostname()]);
  });

  test('--network, --pid, --ipc container:X share those of X, which must be running', async () => {
    const id = await s.detached(['--name', 'owner'], ['sleep', '1000']);
    // The shared memory of shm_open(3) belongs to the IPC namespace.
    const links = 'for n in net pid ipc; do readlink /proc/self/ns/$n; done; stat -c %i /dev/shm/theirs';
    await s.ok(['exec', 'owner', 'touch', '/dev/shm/theirs']);
    const theirs = await s.ok(['exec', 'owner', 'sh', '-c', links]);
    const shared = [
      '--network',
      'container:owner',
      '--pid',
      `container:${id.slice(0, 12)}`,
      '--ipc',
      'container:owner',
    ];
    assert.equal(await s.sh(shared, links), theirs);
    assert.match(await s.sh(['--pid', 'container:owner'], 'ps -e -o args'), /^sleep 1000$/m);
    await s.ok(['rm', '-f', 'owner']);
    const gone = await s.run(['--network', 'container:owner'], ['true']);
    assert.equal(gone.code, 125);
  });
});

describe('the root file system', { concurrency: 4 }, () => {
  /** A small root of its own, with the shared root as a bind source, since links to its folders do not work inside. */
  async function ownRoot(name: string): Promise<string> {
    return buildRootfs(s.daemon, { name });
  }

  test('two containers share one directory, and do not write to it', async () => {
    const before = treeOf(s.rootfs);
    const script = (mark: string) =>
      `echo ${mark} >/mark; rm /etc/hostname-none 2>/dev/null; mkdir /new; cat /mark; ls -d /new`;
    const [a, b] = await Promise.all([s.sh([], script('a')), s.sh([], script('b'))]);
    assert.equal(a, 'a\n/new');
    assert.equal(b, 'b\n/new');
    assert.deepEqual(treeOf(s.rootfs), before);
  });

  test('files that a container writes survive a restart, and are removed with it', async () => {
    await s.ok([
      'create',
      '--name',
      'keeper',
      s.rootfs,
      'sh',
      '-c',
      'cat /count 2>/dev/null; echo x >>/count',
    ]);
    assert.equal(await s.ok(['start', '-a', 'keeper']), '');
    assert.equal(await s.ok(['start', '-a', 'keeper']), 'x');
    assert.equal(await s.ok(['start', '-a', 'keeper']), 'x\nx');
    await s.ok(['rm', 'keeper']);
    assert.ok(!existsSync(join(s.rootfs, 'count')));
  });

  test('DIR:rw writes through; DIR:ro and --read-only refuse writes', async () => {
    const root = await ownRoot('own');
    await s.ok(['run', '--rm', `${root}:rw`, 'sh', '-c', 'echo kept >/kept']);
    assert.equal(readFileSync(join(root, 'kept'), 'utf8'), 'kept\n');
    for (const args of [[`${root}:ro`], ['--read-only', root]]) {
      const { code, stderr } = await s.likerctl(['run', '--rm', ...args, 'sh', '-c', 'echo x >/x']);
      assert.notEqual(code, 0);
      assert.match(stderr, /Read-only file system/);
    }
    assert.equal(await s.sh(['--read-only', '--tmpfs', '/tmp'], 'echo x >/tmp/x && cat /tmp/x'), 'x');
  });

  test('/etc/hosts, hostname and resolv.conf are provided, and not written to the root', async () => {
    const root = await ownRoot('bare');
    const files = ['hosts', 'hostname', 'resolv.conf'];
    const before = files.map(
      (name) => existsSync(join(root, 'etc', name)) && readFileSync(join(root, 'etc', name), 'utf8'),
    );
    for (const mode of [':rw', '']) {
      const out = await s.ok([
        'run',
        '--rm',
        '--hostname',
        'given',
        `${root}${mode}`,
        'cat',
        '/etc/hosts',
        '/etc/hostname',
        '/etc/resolv.conf',
      ]);
      assert.match(out, /given/);
    }
    const contents = files.map(
      (name) => existsSync(join(root, 'etc', name)) && readFileSync(join(root, 'etc', name), 'utf8'),
    );
    assert.deepEqual(
      contents.map((text) => text || false),
      before.map((text) => text || false),
    );
  });

  test('a relative directory, and one with blanks, commas and colons in its name', async () => {
    const root = await ownRoot('odd, name');
    assert.equal(
      await ok(s.daemon, ['run', '--rm', './odd, name', 'echo', 'hi'], { cwd: s.daemon.home }),
      'hi',
    );
    assert.equal(await ok(s.daemon, ['run', '--rm', root, 'sh', '-c', 'echo x >/x; echo hi']), 'hi');
  });
});

describe('mounts', { concurrency: 4 }, () => {
  test('likerctl works in a deleted working directory', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lk-gone-'));
    const script = `cd ${folder} && rmdir ${folder} && exec ${program} run --rm ${s.rootfs} pwd`;
    const env = environment(s.daemon);
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' });
    assert.deepEqual([status, stdout], [0, '/\n'], stderr);
    // The shell prints a line of its own.
    assert.doesNotMatch(stderr, /likerctl|uv_cwd|\n +at /);
  });

  test('-v binds a file of the host', async () => {
    const file = join(folder(), 'one-file');
    writeFileSync(file, 'of the host\n');
    const out = await s.sh(['-v', `${file}:/inside:ro`], 'cat /inside; echo x >/inside || echo refused');
    assert.match(out, /^of the host\n/);
    assert.match(out, /refused$/);
  });

  test('without --hostname the hostname is the short id, and inspect shows it', async () => {
    const id = await s.detached([], ['sleep', '1000']);
    const hostname = await s.ok(['exec', id, 'hostname']);
    assert.equal(hostname, id.slice(0, 12));
    assert.equal(await s.ok(['inspect', '-f', '{{.Config.Hostname}}', id]), hostname);
    await s.ok(['rm', '-f', id]);
  });

  test('-v binds a folder of the host, read-write or ro, and creates a missing source', async () => {
    const source = folder('volume');
    writeFileSync(join(source, 'in'), 'from host');
    assert.equal(await s.sh(['-v', `${source}:/data`], 'cat /data/in; echo out >/data/out'), 'from host');
    assert.equal(readFileSync(join(source, 'out'), 'utf8'), 'out\n');
    const refused = await s.run(['-v', `${source}:/data:ro`], ['sh', '-c', 'echo x >/data/x']);
    assert.match(refused.stderr, /Read-only file system/);
    await s.sh(['-v', `${folder()}/missing/deep:/data`], 'true');
    assert.ok(existsSync(join(folder(), 'missing/deep')));
  });

  test('--mount type=bind and type=tmpfs; a missing source is an error', async () => {
    const source = folder('bind');
    writeFileSync(join(source, 'file'), 'one file');
    assert.equal(
      await s.sh(
        ['--mount', `type=bind,source=${source}/file,target=/deep/er/file,readonly`],
        'cat /deep/er/file',
      ),
      'one file',
    );
    assert.equal(await s.sh(['--mount', 'type=tmpfs,target=/t,tmpfs-size=1m'], 'stat -f -c %T /t'), 'tmpfs');
    const missing = await s.run(['--mount', `type=bind,source=${source}/none,target=/x`], ['true']);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /none/);
  });

  test('no mount of the container is on the host, neither while it runs nor afterwards (T53)', async () => {
    const source = folder('propagated');
    const id = await s.detached(['-v', `${source}:/data`, '--tmpfs', '/tmp'], ['sleep', '1000']);
    await s.ok(['exec', '--privileged', id, 'mount', '-t', 'tmpfs', 'none', '/data']);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    assert.ok(!mounts.includes(s.daemon.home), mounts);
    assert.ok(!mounts.includes(source), mounts);
    await s.ok(['rm', '-f', id]);
  });
});

describe('capabilities', { concurrency: 4 }, () => {
  const effective = 'grep CapEff /proc/self/status';

  test('--cap-drop and --cap-add', async () => {
    assert.match(await s.sh(['--cap-drop', 'ALL'], effective), /\t0{16}$/);
    // CAP_NET_RAW is 13, CAP_SYS_TIME 25.
    assert.match(
      await s.sh(['--cap-drop', 'all', '--cap-add', 'CAP_NET_RAW'], effective),
      /\t0000000000002000$/,
    );
    const unknown = await s.run(['--cap-add', 'CAP_NONE_SUCH'], ['true']);
    assert.equal(unknown.code, 125);
    assert.match(unknown.stderr, /NONE_SUCH/);
  });

  test("--privileged has all of the daemon's capabilities, no filter, and the host's devices", async () => {
    const own = /CapEff:\s+(\w+)/.exec(readFileSync(`/proc/${s.daemon.pid}/status`, 'utf8'))?.[1];
    const out = await s.sh(
      ['--privileged'],
      `${effective}; grep ^Seccomp: /proc/self/status; ls -d /dev/kmsg`,
    );
    assert.deepEqual(out.split('\n'), [`CapEff:\t${own}`, 'Seccomp:\t0', '/dev/kmsg']);
  });
});

describe('streams', { concurrency: 4 }, () => {
  test('stdout and stderr stay separate', async () => {
    const { stdout, stderr } = await s.run([], ['sh', '-c', 'echo out; echo err >&2; echo out2']);
    assert.deepEqual({ stdout, stderr }, { stdout: 'out\nout2\n', stderr: 'err\n' });
  });

  test('without -i stdin is /dev/null', async () => {
    const { stdout } = await s.run([], ['sh', '-c', 'readlink /proc/self/fd/0; cat'], {
      stdin: 'not for it',
    });
    assert.equal(stdout, '/dev/null\n');
  });

  test('the end of stdin reaches the process, which continues (half-close)', async () => {
    const { code, stdout } = await s.run(['-i'], ['sh', '-c', 'wc -c; echo after; exit 4'], {
      stdin: '12345',
    });
    assert.deepEqual({ code, stdout }, { code: 4, stdout: '5\nafter\n' });
  });

  test('every byte value passes unchanged in both directions', async () => {
    const all = Buffer.concat(
      Array.from({ length: 64 }, () => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))),
    );
    const { bytes } = await s.run(['-i'], ['cat'], { stdin: all });
    assert.ok(bytes.equals(all));
  });

  test('32 MiB pass through cat unchanged', async () => {
    const data = randomBytes(32 << 20);
    const { bytes } = await s.run(['-i'], ['cat'], { stdin: data });
    assert.equal(sha(bytes), sha(data));
  });

  test('tar c . | likerctl run -i ROOTFS tar t | sort', async () => {
    const source = folder('tarred');
    for (let index = 0; index < 50; index++)
      writeFileSync(join(source, `file-${index}`), randomBytes(20_000));
    const { execFileSync } = await import('node:child_process');
    const out = execFileSync(
      'bash',
      [
        '-o',
        'pipefail',
        '-c',
        `tar c . | "${join(import.meta.dirname, '../bin/likerctl')}" run -i --rm "$ROOTFS" tar t | sort`,
      ],
      {
        cwd: source,
        env: { ...process.env, ROOTFS: s.rootfs, LIKER_HOST: `unix://${s.daemon.socket}` },
      },
    );
    assert.equal(out.toString().trim().split('\n').length, 51);
  });

  test('a process that closes its stdin early does not block a large input', async () => {
    const { code, stdout } = await s.run(['-i'], ['sh', '-c', 'head -c 10; exec 0<&-; echo; echo done'], {
      stdin: Buffer.alloc(8 << 20, 'x'),
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'xxxxxxxxxx\ndone\n' });
  });

  test('if the reader of a pipe exits, likerctl does too, like any other program', async () => {
    const { execFileSync } = await import('node:child_process');
    const out = execFileSync(
      'bash',
      [
        '-c',
        `"${join(import.meta.dirname, '../bin/likerctl')}" run --rm "$ROOTFS" sh -c 'yes | head -c 50000000' | head -1`,
      ],
      {
        env: { ...process.env, ROOTFS: s.rootfs, LIKER_HOST: `unix://${s.daemon.socket}` },
        timeout: 30_000,
      },
    );
    assert.equal(out.toString(), 'y\n');
  });
});

test('paths may be very long', async () => {
  const home = mkdtempSync(join(tmpdir(), 'lk-long-'));
  // The kernel limits the path of the API's socket to 107 bytes, but not those of the folders.
  const long = join(home, 'd'.repeat(100), 'e'.repeat(100), 'f'.repeat(50));
  const daemon = await startDaemon({ home: long, socket: join(home, 's') });
  try {
    const root = await buildRootfs(daemon);
    const id = await ok(daemon, ['run', '-d', root, 'sh', '-c', 'echo x >/x; echo hi; sleep 1000']);
    await until('output', async () => (await ok(daemon, ['logs', id])) === 'hi');
    await daemon.kill9();
    await daemon.start();
    assert.equal(await ok(daemon, ['exec', id, 'cat', '/x']), 'x');
  } finally {
    await daemon.destroy();
    rmSync(home, { recursive: true, force: true });
  }
});

function sha(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Paths and sizes of everything below a folder. */
function treeOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true }).map(
    (entry) => `${entry.parentPath}/${entry.name}`,
  );
}
