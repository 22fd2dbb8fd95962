// What --userns and the default come to: keep-id, sharing, file systems that cannot, unshare, and what is said about it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startDaemon } from './harness/daemon.ts';
import { likerctl } from './harness/likerctl.ts';
import { readProc } from './harness/proc.ts';
import { requires } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

// Its own mount namespace, for mounts that only this likerd sees.
const s = suite({ within: ['unshare', '--mount', '--propagation', 'private'] });
const sleeper = ['sleep', '1000'];
const user = { uid: 61_234, gid: 61_235 };

interface Ids {
  readonly HostConfig: {
    readonly UsernsMode: string;
    readonly IDMappings: { readonly UidMap: readonly string[]; readonly GidMap: readonly string[] } | null;
  };
  readonly UserNamespaceOwner: string;
  readonly UserNamespaceProblem: string;
}
const idsOf = async (id: string) => (await s.inspect(id)) as unknown as Ids;

async function actions(id: string): Promise<string[]> {
  const flags = ['--since', '0', '--until', '0s', '--filter', `container=${id}`, '--format', '{{.Action}}'];
  return (await s.ok(['events', ...flags])).split('\n').filter(Boolean);
}

/** In likerd's mount namespace. */
function onHost(...command: string[]): string {
  return execFileSync('nsenter', ['-t', String(s.daemon.pid), '-m', ...command], { encoding: 'utf8' });
}

test('inspect shows what a container has, also where nothing was asked for', async () => {
  const id = await s.detached([], sleeper);
  const { HostConfig, UserNamespaceOwner, UserNamespaceProblem } = await idsOf(id);
  const { Pid } = (await s.inspect(id)).State;
  const [inside, outside, count] = readProc(Pid, 'uid_map').trim().split(/\s+/);
  assert.equal(HostConfig.UsernsMode, 'auto');
  assert.deepEqual(HostConfig.IDMappings, {
    UidMap: [`${inside}:${outside}:${count}`],
    GidMap: [`${inside}:${outside}:${count}`],
  });
  assert.deepEqual([UserNamespaceOwner, UserNamespaceProblem, count], [id, '', '65536']);
  await s.ok(['rm', '-f', id]);
});

describe('keep-id', () => {
  /** likerctl as an ordinary user, who may use the socket. */
  async function asUser(args: readonly string[]) {
    chmodSync(s.daemon.home, 0o755);
    chmodSync(s.daemon.run, 0o755);
    chmodSync(s.daemon.socket, 0o666);
    const { uid, gid } = user;
    const wrapper = join(s.daemon.home, 'as-user');
    const program = join(import.meta.dirname, '../bin/likerctl');
    writeFileSync(
      wrapper,
      `#!/bin/sh\nexec setpriv --reuid ${uid} --regid ${gid} --clear-groups ${program} "$@"\n`,
      { mode: 0o755 },
    );
    return likerctl({ socket: s.daemon.socket, client: wrapper }, args, { cwd: '/' });
  }

  test('the caller is himself inside, and on the host', async () => {
    const shared = join(s.daemon.home, 'shared');
    mkdirSync(shared, { mode: 0o777 });
    chmodSync(shared, 0o777);
    const run = ['run', '-d', '--name', 'mine', '--userns', 'keep-id', '-v', `${shared}:/shared`];
    const script = 'touch /shared/by-me; exec sleep 1000';
    const { code, stderr } = await asUser([...run, s.rootfs, 'sh', '-c', script]);
    assert.deepEqual([code, stderr], [0, '']);
    const { uid, gid } = user;
    assert.equal(await s.ok(['exec', 'mine', 'sh', '-c', 'echo $(id -u):$(id -g)']), `${uid}:${gid}`);
    const { Pid } = (await s.inspect('mine')).State;
    assert.match(readProc(Pid, 'status'), new RegExp(`^Uid:(\t${uid}){4}\nGid:(\t${gid}){4}$`, 'm'));
    assert.match(readProc(Pid, 'uid_map'), new RegExp(`^ +${uid} +${uid} +1$`, 'm'));
    const made = await until('his file', () => statSync(join(shared, 'by-me')));
    assert.deepEqual([made.uid, made.gid], [uid, gid]);
    assert.equal((await idsOf('mine')).HostConfig.UsernsMode, 'keep-id');
    // Root inside is neither him nor root. As with Docker, top shows the ids of the host.
    await s.ok(['exec', '-d', '-u', '0', 'mine', 'sleep', '2000']);
    const [start] = readProc(Pid, 'uid_map').trim().split(/\s+/).slice(1);
    assert.match(await s.ok(['top', 'mine']), new RegExp(`^${start} .* sleep 2000$`, 'm'));
    await s.ok(['rm', '-f', 'mine']);
  });

  test('root has nobody to keep', async () => {
    const { code, stderr } = await s.run(['--userns', 'keep-id'], ['true']);
    assert.equal(code, 125);
    assert.match(stderr, /Cannot keep the ids of user 0: root inside would be root on the host/);
  });
});

describe('a file system that cannot be idmapped', () => {
  test('of the root: the default is the host’s, with a warning and an event; a wish is refused', async () => {
    const root = join(s.daemon.home, 'stacked');
    const layers = ['upper', 'work'].map((name) => join(s.daemon.home, name));
    for (const path of [root, ...layers]) mkdirSync(path);
    const options = `lowerdir=${s.rootfs},upperdir=${layers[0]},workdir=${layers[1]}`;
    onHost('mount', '-t', 'overlay', 'stacked', '-o', options, root);
    const why = /the file system of '.*\/stacked' \(overlay\) cannot be idmapped/;
    const created = await s.likerctl(['create', '--name', 'plain', root, 'cat', '/proc/self/uid_map']);
    assert.equal(created.code, 0);
    assert.match(created.stderr, why);
    assert.match(created.stderr, /host's user namespace, in which root is root on the host/);
    assert.deepEqual(await actions('plain'), ['create', 'userns_not_applied']);
    const { HostConfig, UserNamespaceProblem } = await idsOf('plain');
    assert.deepEqual([HostConfig.UsernsMode, HostConfig.IDMappings], ['host', null]);
    assert.match(UserNamespaceProblem, why);
    assert.match(await s.ok(['start', '-a', 'plain']), /^ +0 +0 +4294967295/);
    const ran = await s.likerctl(['run', '--rm', root, 'true']);
    assert.equal(ran.code, 0);
    assert.match(ran.stderr, why);
    assert.equal(ran.stderr.match(/likerctl:/g)?.length, 1, ran.stderr);
    for (const mode of ['auto', '0:100000:65536']) {
      const refused = await s.likerctl(['run', '--rm', '--userns', mode, root, 'true']);
      assert.equal(refused.code, 125);
      assert.match(refused.stderr, why);
      assert.match(refused.stderr, /use --userns host, or .* ext4, xfs, btrfs/);
    }
    const silent = await s.likerctl(['run', '--rm', '--userns', 'host', root, 'true']);
    assert.deepEqual([silent.code, silent.stderr], [0, '']);
    await s.ok(['rm', 'plain']);
    onHost('umount', root);
  });

  test('of layers: info says why no container has a user namespace of its own', async (t) => {
    const script = 'mount -t ramfs ramfs "$0" && exec "$@"';
    const home = join(s.daemon.home, 'second');
    mkdirSync(join(home, 'root/containers'), { recursive: true });
    // An overlay has no layers on ramfs, which is of no matter here: nothing is started.
    const second = await startDaemon({
      home,
      within: ['unshare', '--mount', 'sh', '-c', script, join(home, 'root/containers')],
    });
    t.after(() => second.destroy());
    const { stdout } = await likerctl(second, ['info']);
    assert.match(
      stdout,
      /User namespaces: auto by default, but cannot be made: .*containers' \(ramfs\) cannot/,
    );
    assert.match(stdout, /WARNING: Containers have the host's user namespace by default: .*\(ramfs\)/);
  });

  test('of a bind: its ids are the host’s, with a warning', async () => {
    const { code, stdout, stderr } = await s.run(['-v', '/proc:/p'], ['stat', '-c', '%u', '/p']);
    assert.deepEqual([code, stdout], [0, '65534\n']);
    assert.match(stderr, /Mount '\/proc' at '\/p' shows ids of the host, .*: '\/proc' \(proc\)/);
    const refused = await s.run(['-v', '/proc:/p:idmap'], ['true']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /cannot be idmapped: '\/proc' \(proc\)/);
    const id = await s.ok(['create', '-v', '/proc:/p', s.rootfs, 'true']);
    await s.ok(['start', id]);
    assert.ok((await actions(id)).includes('mount_not_idmapped'));
    await s.ok(['rm', '-f', id]);
  });

  test('below a bind: the rest is idmapped', async () => {
    const top = join(s.daemon.home, 'top');
    mkdirSync(join(top, 'below'), { recursive: true });
    onHost('mount', '-t', 'ramfs', 'below', join(top, 'below'));
    const { code, stdout, stderr } = await s.run(['-v', `${top}:/t`], ['stat', '-c', '%u', '/t', '/t/below']);
    assert.deepEqual([code, stdout], [0, '0\n65534\n']);
    assert.match(stderr, /below' \(ramfs\)/);
    onHost('umount', join(top, 'below'));
  });
});

test('a kernel that makes no user namespaces', async (t) => {
  const script = 'echo 0 >"$0" && mount --bind "$0" /proc/sys/user/max_user_namespaces && exec "$@"';
  const second = await startDaemon({
    within: ['unshare', '--mount', 'sh', '-c', script, join(s.daemon.home, 'zero')],
  });
  t.after(() => second.destroy());
  const why = /user\.max_user_namespaces is 0/;
  const ran = await likerctl(second, ['run', '--rm', s.rootfs, 'cat', '/proc/self/uid_map']);
  assert.match(ran.stdout, /^ +0 +0 +4294967295/);
  assert.match(ran.stderr, why);
  const refused = await likerctl(second, ['run', '--rm', '--userns', 'auto', s.rootfs, 'true']);
  assert.deepEqual([refused.code, why.test(refused.stderr)], [125, true]);
  assert.match((await likerctl(second, ['info'])).stdout, why);
});

describe('a sysctl that the kernel withholds from user namespaces', () => {
  /** Of a new network namespace. */
  const has = (name: string, ...more: string[]): boolean =>
    spawnSync('unshare', ['--net', ...more, 'test', '-e', `/proc/sys/${name.replaceAll('.', '/')}`])
      .status === 0;
  // Which there are depends on the kernel: the first one is withheld before Linux 6.3.
  const withheld = ['net.core.somaxconn', 'net.ipv6.route.gc_thresh', 'net.core.xfrm_acq_expires'].find(
    (name) => has(name) && !has(name, '--user'),
  );
  const options = requires('a sysctl that only the host’s user namespace has', withheld !== undefined);

  test(
    'T59: by default the container has the host’s, with a warning, and a wish is refused',
    options,
    async () => {
      const flags = ['--sysctl', `${withheld}=2048`];
      const why = new RegExp(
        `the kernel withholds '${withheld}' from the network namespaces of user namespaces`,
      );
      const given = await s.run(flags, [
        'sh',
        '-c',
        `cat /proc/sys/${withheld?.replaceAll('.', '/')} /proc/self/uid_map`,
      ]);
      assert.match(given.stdout, /^2048\n +0 +0 +4294967295/, given.stderr);
      assert.match(given.stderr, why);
      const refused = await s.run(['--userns', 'auto', ...flags], ['true']);
      assert.equal(refused.code, 125);
      assert.match(refused.stderr, why);
      assert.match(refused.stderr, /leave that out, or use --userns host$/m);
      const asked = await s.run(['--userns', 'host', ...flags], ['true']);
      assert.deepEqual([asked.code, asked.stderr], [0, '']);
    },
  );

  test('one that no namespace has is refused at the start, with what to look at', async () => {
    const { code, stderr } = await s.run(['--sysctl', 'net.core.none=1'], ['true']);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /'net\/core\/none'.*no namespace of the container has such a kernel parameter; check/,
    );
  });
});

test('--privileged implies the host’s, and says so; --userns auto keeps it apart', async () => {
  const given = await s.run(['--privileged'], ['cat', '/proc/self/uid_map']);
  assert.match(given.stdout, /^ +0 +0 +4294967295/);
  assert.match(given.stderr, /root is root on the host: it is privileged; --userns auto gives it/);
  const apart = await s.run(['--privileged', '--userns', 'auto'], ['cat', '/proc/self/uid_map']);
  assert.deepEqual([apart.code, apart.stderr, / 65536$/m.test(apart.stdout)], [0, '', true]);
});

describe('sharing', () => {
  test('whoever shares a namespace is in the same user namespace, after a restart of likerd too', async () => {
    const first = await s.detached(['--name', 'first'], sleeper);
    const map = readProc((await s.inspect(first)).State.Pid, 'uid_map');
    for (const flags of [['--pid'], ['--ipc'], ['--network'], ['--userns']]) {
      const { code, stdout, stderr } = await s.run(
        [...flags, 'container:first'],
        ['cat', '/proc/self/uid_map'],
      );
      assert.deepEqual([code, stdout, stderr], [0, map, ''], flags.join());
    }
    const second = await s.ok([
      'create',
      '--name',
      'second',
      '--network',
      'container:first',
      s.rootfs,
      ...sleeper,
    ]);
    await s.daemon.restart();
    await s.ok(['start', second]);
    assert.equal(readProc((await s.inspect(second)).State.Pid, 'uid_map'), map);
    assert.equal((await idsOf(second)).UserNamespaceOwner, first);
    await s.ok(['rm', '-f', second, first]);
  });

  test('another user namespace is refused, with the reason', async () => {
    const first = await s.detached(['--name', 'first'], sleeper);
    for (const mode of ['host', 'auto', '0:100000:65536']) {
      const { code, stderr } = await s.run(['--pid', 'container:first', '--userns', mode], ['true']);
      assert.equal(code, 125);
      assert.match(stderr, /shares the pid namespace of container 'first', and with it its user namespace/);
    }
    await s.ok(['rm', '-f', first]);
  });
});

describe('unshare', () => {
  test('a program of the host sees the files of a container as the container does', async () => {
    const make = 'touch /f; chown 5:6 /f; echo ready; exec sleep 1000';
    const id = await s.detached(['--name', 'seen'], ['sh', '-c', make]);
    await until('the file', async () => (await s.ok(['logs', id])) === 'ready');
    const script = 'echo $(id -u) $(stat -c %u:%g $LIKER_CONTAINER_ROOT/f); cat /proc/self/uid_map; exit 9';
    // What it runs has the stdout of its process.
    const { code, stdout } = await s.likerctl(['unshare', 'seen', 'sh', '-c', script], { env: {} });
    const map = readProc((await s.inspect(id)).State.Pid, 'uid_map');
    assert.deepEqual([code, stdout], [9, `0 5:6\n${map}`]);
    assert.equal((await s.likerctl(['unshare', 'seen', 'sh', '-c', 'kill -TERM $$'])).code, 143);
    await s.ok(['pause', 'seen']);
    assert.equal((await s.likerctl(['unshare', 'seen', 'true'])).code, 0);
    await s.ok(['rm', '-f', id]);
  });

  test('what cannot be entered is said', async () => {
    const ofHost = await s.detached(['--userns', 'host'], sleeper);
    const made = await s.ok(['create', s.rootfs, 'true']);
    const running = await s.detached([], sleeper);
    const onlyNode = join(s.daemon.home, 'only-node');
    mkdirSync(onlyNode);
    for (const tool of ['dirname', 'readlink', 'sh'])
      symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(onlyNode, tool));
    for (const [container, why, env] of [
      [ofHost, /it has the host's/, {}],
      [made, /it does not run; on the disk, its files have the container's own ids/, {}],
      ['nobody', /No such container: 'nobody'/, {}],
      [running, /this machine has no nsenter; install util-linux/, { PATH: onlyNode }],
    ] as const) {
      const { code, stdout, stderr } = await s.likerctl(['unshare', container, '/bin/true'], { env });
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, why);
      assert.equal(stderr.trim().split('\n').length, 1);
    }
    await s.ok(['rm', '-f', ofHost, made, running]);
  });
});
