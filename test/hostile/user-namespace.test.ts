// Root of a container with a user namespace is nobody to the host: what else it may do, it may do to its own container.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readProc } from '../harness/proc.ts';
import { requires } from '../harness/requires.ts';
import { until } from '../harness/until.ts';
import { hostileSuite } from './modes.ts';
import { workFolder } from './root.ts';

// Groups of the host that no container may be in.
const s = hostileSuite({
  args: ['--userns-default', 'auto'],
  within: ['setpriv', '--groups', '4,6,27'],
  programs: ['ip', 'swapon', 'unshare'],
});
const work = workFolder();
const auto = ['--userns', 'auto'];
/** As much as a container in a user namespace can be given. */
const mighty = [...auto, '--privileged'];

const hardLinksAreProtected = readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8') === '1\n';
const isKernelLogRestricted = readFileSync('/proc/sys/kernel/dmesg_restrict', 'utf8') === '1\n';

/** The host's ids of a container: first and last. */
function rangeOf(map: string): [number, number] {
  const [, inside, outside = '', count = ''] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(map) ?? [];
  assert.equal(inside, '0', map);
  return [Number(outside), Number(outside) + Number(count) - 1];
}

test('T51: no program runs before its ids are mapped, and no two containers have an id in common', async () => {
  const script = 'cat /proc/self/uid_map /proc/self/gid_map; cat /proc/self/setgroups; id -u; sleep 1000';
  const ids = await Promise.all(
    Array.from({ length: 12 }, () => s.detached([...auto, '--init=false'], ['sh', '-c', script])),
  );
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const { Pid } = (await s.inspect(id)).State;
    const map = readProc(Pid, 'uid_map');
    ranges.push(rangeOf(map));
    assert.equal(readProc(Pid, 'gid_map'), map);
    const logs = () => s.ok(['logs', id]);
    await until('all that it has to say', async () => /^(.*\n){3}\d+$/.test(await logs()));
    assert.equal(await logs(), `${map}${map}allow\n0`);
  }
  ranges.sort(([one], [other]) => one - other);
  for (const [index, [first]] of ranges.entries())
    assert.ok(first > (ranges[index - 1]?.[1] ?? 65_535), ranges.join(' '));
  await s.ok(['rm', '-f', ...ids]);
});

test("T51: no group of likerd is one of the program's, on run and exec", async () => {
  assert.match(readProc(s.daemon.pid, 'status'), /^Groups:\t4 6 27 $/m);
  const id = await s.detached(auto, ['sleep', '100000']);
  const exec = s.start(['exec', '-i', '-u', '1234:2345', id, 'cat'], { stdin: 'open' });
  const pids = await until('the exec', async () => {
    const processes = await s.ok(['top', id, '-eo', 'pid,comm']);
    return / cat$/m.test(processes) && [...processes.matchAll(/^\s*(\d+) /gm)];
  });
  for (const [, pid = ''] of pids) {
    const [first, last] = rangeOf(readProc(Number(pid), 'gid_map'));
    const groups =
      /^Groups:\t(.*)$/m
        .exec(readProc(Number(pid), 'status'))?.[1]
        ?.trim()
        .split(' ') ?? [];
    assert.ok(
      groups.every((group) => Number(group) >= first && Number(group) <= last),
      groups.join(),
    );
  }
  exec.closeStdin();
  await exec.outcome;
  await s.ok(['rm', '-f', id]);
});

test('T51: a namespace made inside reaches no id outside the range, whoever makes it', async () => {
  const script = (map: string) =>
    `unshare -U sleep 100 & while kill -0 $! && ! grep -qx sleep /proc/$!/comm; do :; done; echo "${map}" >/proc/$!/uid_map && cat /proc/$!/uid_map; kill $!`;
  const given = await s.run(mighty, ['bash', '-c', script('0 0 65536')]);
  assert.match(given.stdout, /^\s*0\s+0\s+65536$/m);
  for (const map of ['0 65536 1', '0 70000 1', '0 0 65537', '0 4294967294 1'])
    assert.match(
      (await s.run(mighty, ['bash', '-c', script(map)])).stderr,
      /Operation not permitted|Invalid argument/,
      map,
    );
});

test('with the pid namespace of the host, no process of the host is signalled, traced or read', async () => {
  const { pid } = s.daemon;
  const tries = [
    `kill -0 ${pid}`,
    `cat /proc/${pid}/environ`,
    `ls /proc/${pid}/root/`,
    `ls /proc/${pid}/fd`,
    `readlink -v /proc/${pid}/exe`,
    `prlimit --pid ${pid} --core=0`,
    `echo 0 >/proc/${pid}/oom_score_adj`,
  ];
  for (const flags of [[...auto, '--cap-add', 'SYS_PTRACE', '--cap-add', 'KILL'], mighty])
    for (const attempt of tries) {
      const { code, stderr } = await s.run([...flags, '--pid', 'host'], ['bash', '-c', attempt]);
      assert.notEqual(code, 0, attempt);
      assert.match(stderr, /not permitted|denied/, attempt);
    }
});

test('with the network of the host, no interface and no setting of it is changed', async () => {
  const before = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
  const tries = [
    'ip link add lk-hostile type dummy',
    'ip link set lo mtu 1400',
    'ip addr add 192.0.2.9/32 dev lo',
    'echo 1 >/proc/sys/net/ipv4/ip_forward',
    'ip netns add x',
  ];
  for (const attempt of tries) {
    const { code, stderr } = await s.run([...mighty, '--network', 'host'], ['bash', '-c', attempt]);
    assert.notEqual(code, 0, attempt);
    assert.match(stderr, /not permitted|denied|Read-only|not supported/, attempt);
  }
  assert.equal(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'), before);
});

test('what belongs to the whole machine is refused: time, modules, the kernel log, raw devices, kernel parameters', async () => {
  const tries = [
    'date -s 2001-01-01',
    // Elsewhere, everybody may read it.
    ...(isKernelLogRestricted ? ['dmesg'] : []),
    'mknod /n b 254 0',
    'echo 1 >/proc/sys/vm/swappiness',
    'echo x >/proc/sys/kernel/core_pattern',
    'echo b >/proc/sysrq-trigger',
    'mount -t ext4 /dev/vda /mnt',
    'swapon /dev/vda',
  ];
  for (const attempt of tries) {
    const { code, stderr } = await s.run(mighty, ['bash', '-c', attempt]);
    assert.notEqual(code, 0, attempt);
    assert.match(stderr, /not permitted|denied|Read-only|No such|not exist|failed/, attempt);
  }
});

test('T52: without the map, a file of the host is read by its mode, and nobody inside can own, change or remove it', async () => {
  const folder = join(work, 'bare');
  mkdirSync(folder, { mode: 0o777 });
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, 'secret'), 'x', { mode: 0o600 });
  writeFileSync(join(folder, 'public'), 'x', { mode: 0o644 });
  const tries = [
    'cat secret',
    'echo y >public',
    'chmod 777 public',
    'chown 0 public',
    'chmod u+s public',
    'touch -d 2001-01-01 public',
    // Links to files of others: as the host has it.
    ...(hardLinksAreProtected ? ['ln public /d/hard'] : []),
  ];
  for (const attempt of tries) {
    const { code, stderr } = await s.run(
      [...mighty, '-v', `${folder}:/d:noidmap`],
      ['bash', '-c', `cd /d; ${attempt}`],
    );
    assert.notEqual(code, 0, attempt);
    assert.match(stderr, /not permitted|denied|too large/, attempt);
  }
  // What it makes there belongs to its own ids, so that a set-user-id bit gives no right on the host.
  await s.sh([...mighty, '-v', `${folder}:/d:noidmap`], 'cp /bin/true /d/mine; chmod 4755 /d/mine');
  assert.ok(statSync(join(folder, 'mine')).uid >= 65_536);
  assert.deepEqual(readdirSync(folder).sort(), ['mine', 'public', 'secret']);
  assert.equal(statSync(join(folder, 'public')).mode & 0o7777, 0o644);
});

test(
  'T52: where the file system has no idmapped mounts, nothing is chowned: the root keeps the ids of the host, and --userns auto is refused',
  requires('ramfs', readFileSync('/proc/filesystems', 'utf8').includes('\tramfs')),
  async () => {
    const root = join(work, 'ramfs');
    mkdirSync(root);
    execFileSync('mount', ['-t', 'ramfs', 'none', root]);
    try {
      await s.ok(['rootfs', 'build', join(root, 'r')]);
      writeFileSync(join(root, 'r/of-7'), 'x');
      chownSync(join(root, 'r/of-7'), 7, 8);
      const owners = () =>
        execFileSync('find', [join(root, 'r'), '-printf', '%U:%G %p\n'], { encoding: 'utf8' });
      const before = owners();
      const run = await s.likerctl([
        'run',
        '--rm',
        join(root, 'r'),
        'sh',
        '-c',
        'cat /proc/self/uid_map; stat -c %u:%g /of-7',
      ]);
      assert.match(run.stdout, /^\s*0\s+0\s+4294967295\n7:8\n$/);
      assert.match(run.stderr, /idmap|user namespace/i);
      const { code, stderr } = await s.likerctl(['run', '--rm', '--userns', 'auto', join(root, 'r'), 'true']);
      assert.equal(code, 125);
      assert.match(stderr, /ramfs/);
      // A bind is bound as it is, and said.
      const bound = await s.run([...auto, '-v', `${root}/r:/d`], ['stat', '-c', '%u:%g', '/d/of-7']);
      assert.equal(bound.stdout, '65534:65534\n');
      assert.match(bound.stderr, /ramfs/);
      assert.equal(owners(), before);
    } finally {
      execFileSync('umount', [root]);
    }
  },
);
