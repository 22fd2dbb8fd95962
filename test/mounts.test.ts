// Mount targets, read-only roots, propagation, and the files of /etc. likerd runs in its own mount namespace, whose mounts
// stand for the host's, so that the mounts of this machine are not touched.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { isOrdinaryUser } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite({ within: ['unshare', '--mount', '--propagation', 'private'] });
const given = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
let count = 0;

const folder = (name = `folder-${++count}`): string => s.folder(name);

/** A root of this machine's programs that a test may change. */
function ownRoot(): string {
  const root = join(s.daemon.home, `root-${++count}`);
  execFileSync('cp', ['-a', s.rootfs, root]);
  return root;
}

/** The state of everything in a folder, to detect changes. */
function inventory(path: string): string {
  return execFileSync('sh', ['-c', 'find . -printf "%p %y %s %l\\n" | sort'], {
    cwd: path,
    encoding: 'utf8',
  });
}

/** On the host, as likerd sees it. */
function onHost(...command: string[]): string {
  return execFileSync('nsenter', ['-t', String(s.daemon.pid), '-m', ...command], { encoding: 'utf8' });
}

function mountPoints(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => line.split(' ')[4] ?? '');
}

/** The output of a successful `run --rm FLAGS ROOT sh -c SCRIPT`. */
async function output(root: string, flags: readonly string[], script: string): Promise<string> {
  return s.ok(['run', '--rm', ...flags, root, 'sh', '-c', script]);
}

describe('mount targets that are links', () => {
  test('the dangling link of systemd-resolved: the file is provided all the same', async () => {
    const root = ownRoot();
    execFileSync('rm', ['-f', join(root, 'etc/resolv.conf')]);
    symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(root, 'etc/resolv.conf'));
    const before = inventory(root);
    for (const mode of ['', ':ro']) {
      const script =
        'cat /etc/resolv.conf; readlink /etc/resolv.conf; stat -c %F /run/systemd/resolve/stub-resolv.conf';
      const out = await output(`${root}${mode}`, ['--dns', '192.0.2.7'], script);
      assert.equal(
        out,
        'nameserver 192.0.2.7\n../run/systemd/resolve/stub-resolv.conf\nregular file',
        `mode '${mode}'`,
      );
      assert.equal(inventory(root), before);
    }
  });

  test('the target of any dangling link is created inside the root', async () => {
    const root = ownRoot();
    const outside = folder('never-made');
    symlinkSync('not/yet', join(root, 'relative'));
    symlinkSync(`${outside}/absolute`, join(root, 'absolute'));
    symlinkSync('../../../../../above', join(root, 'dots'));
    symlinkSync('another', join(root, 'chain'));
    symlinkSync('at/the/end', join(root, 'another'));
    const before = inventory(root);
    const source = folder();
    writeFileSync(join(source, 'file'), 'mark\n');
    const links = ['/relative', '/absolute', '/dots', '/chain'];
    const real = ['/not/yet', `${outside}/absolute`, '/above', '/at/the/end'].join('\n');
    const each = (flags: (link: string) => string[]) => links.flatMap(flags);
    const marks = links.map(() => 'mark').join('\n');
    const folders = each((link) => ['-v', `${source}:${link}`]);
    assert.equal(await output(root, folders, `cd /; cat ${links.join('/file ')}/file`), marks);
    const files = each((link) => ['-v', `${source}/file:${link}`]);
    assert.equal(await output(root, files, `cat ${links.join(' ')}`), marks);
    const deeper = each((link) => ['--tmpfs', `${link}/deeper`]);
    const where = `for l in ${links.join(' ')}; do cd $l/deeper && stat -f -c %T . && cd .. && pwd -P; done`;
    assert.equal(await output(root, deeper, where), real.replaceAll(/^/gm, 'tmpfs\n'));
    for (const [index, link] of links.entries())
      assert.equal(await output(root, ['-w', link], 'pwd -P'), real.split('\n')[index]);
    assert.equal(inventory(root), before);
    assert.deepEqual(readdirSync(outside), []);
  });

  test('a link to itself is reported, for every kind of target', async () => {
    const root = ownRoot();
    symlinkSync('loop', join(root, 'loop'));
    execFileSync('ln', ['-sfn', 'hosts', join(root, 'etc/hosts')]);
    const source = folder();
    const mounts = [`type=bind,source=${source},target=/etc/hosts`, 'type=tmpfs,target=/loop'];
    const cases = [
      [],
      ['--mount', mounts[0] ?? ''],
      ['--mount', mounts[1] ?? '', '-v', `${s.rootfs}/etc/passwd:/etc/hosts`],
      ['-w', '/loop/x', '--tmpfs', '/etc'],
    ];
    for (const flags of cases) {
      const { code, stderr } = await s.likerctl(['run', '--rm', ...flags, root, 'true']);
      assert.equal(code, 125, flags.join(' '));
      assert.match(stderr, /ELOOP \(.*leads back to itself/, flags.join(' '));
    }
  });

  test('a folder on a file, a file on a folder and a device on a file are reported', async () => {
    const source = folder();
    writeFileSync(join(source, 'file'), '');
    const wrong = await s.run(['-v', `${source}:/etc/passwd`], ['true']);
    assert.equal(wrong.code, 125);
    assert.match(wrong.stderr, /'\/etc\/passwd': .*ENOTDIR \(the source is a folder, and the target a file/);
    const other = await s.run(['-v', `${source}/file:/etc`], ['true']);
    assert.equal(other.code, 125);
    assert.match(other.stderr, /'\/etc': .*EISDIR \(the source is a file, and the target a folder/);
    // Without root a device is bound, as any file is.
    if (isOrdinaryUser) return;
    const device = await s.run(['--device', '/dev/zero:/etc/passwd'], ['true']);
    assert.equal(device.code, 125);
    assert.match(device.stderr, /'\/etc\/passwd': .*EEXIST \(something else exists at that path/);
  });
});

describe('a read-only root', () => {
  /** A root with a mount of the host below it. */
  function rootWithMount(): string {
    const root = ownRoot();
    mkdirSync(join(root, 'below/deeper'), { recursive: true });
    onHost('mount', '-t', 'tmpfs', 'below', join(root, 'below'));
    onHost('mkdir', join(root, 'below/deeper'));
    onHost('mount', '-t', 'tmpfs', 'deeper', join(root, 'below/deeper'));
    onHost('sh', '-c', `echo mark >${join(root, 'below/deeper/mark')}`);
    return root;
  }
  const touch =
    'for f in /x /below/x /below/deeper/x; do touch $f 2>/dev/null && echo wrote $f; done; cat /below/deeper/mark';

  test('includes all mounts below it, and nothing is created in it', async () => {
    const root = rootWithMount();
    const before = inventory(root);
    for (const [name, flags] of [
      [`${root}:ro`, []],
      [`${root}:rw`, ['--read-only']],
    ] as const) {
      assert.equal(await output(name, flags, touch), 'mark', name);
      // If no target is missing, the root is the folder itself; otherwise it is an overlay.
      assert.equal(await output(name, [...flags, '--tmpfs', '/made/for/it'], touch), 'mark', name);
      assert.equal(
        await output(name, [...flags, '-w', '/work/there'], `pwd; ${touch}`),
        '/work/there\nmark',
        name,
      );
      assert.equal(
        await output(name, [...flags, '-v', `${folder()}:/new`], 'touch /new/x && echo wrote'),
        'wrote',
        name,
      );
    }
    assert.equal(inventory(root), before);
    assert.equal(onHost('find', join(root, 'below'), '-name', 'x'), '');
  });

  test('that has no system folders gets none', async () => {
    const root = folder();
    execFileSync('cp', ['/bin/busybox', join(root, 'busybox')]);
    const run = ['run', '--rm', `${root}:ro`, '/busybox', 'sh', '-c'];
    const out = await s.ok([
      ...run,
      '/busybox cat /proc/self/comm; >/x || echo refused; /busybox wc -l </etc/hostname',
    ]);
    assert.match(out, /^busybox\n.*refused\n1$/s);
    assert.deepEqual(readdirSync(root), ['busybox']);
  });

  test('shows changes that the host makes to it', async () => {
    const root = ownRoot();
    const id = await s.ok(['run', '-d', `${root}:ro`, 'sleep', '1000']);
    writeFileSync(join(root, 'late'), 'late');
    assert.equal(await s.ok(['exec', id, 'cat', '/late']), 'late');
    await s.ok(['rm', '-f', id]);
  });

  test('--read-only creates the working directory, and the files in /etc are read-only as in Docker', async () => {
    for (const name of [s.rootfs, `${s.rootfs}:ro`]) {
      const flags = ['--read-only', '-w', '/work/there', '--hostname', 'given'];
      const script = `pwd; for f in ${given.join(' ')}; do (echo x >$f) 2>/dev/null && echo wrote $f; done; cat /etc/hostname`;
      assert.equal(await output(name, flags, script), '/work/there\ngiven');
    }
    const { stderr } = await s.run(['--read-only', '-w', '/etc/passwd'], ['true']);
    assert.match(stderr, /'\/etc\/passwd': .*ENOTDIR/);
  });

  test('bind-recursive chooses how far read-only applies', async () => {
    const source = folder();
    mkdirSync(join(source, 'below'));
    onHost('mount', '-t', 'tmpfs', 'below', join(source, 'below'));
    const script =
      'cd /s; for f in top below/x; do touch $f 2>/dev/null && echo wrote $f; done; stat -f -c %T below';
    const how = (more: string) =>
      output(s.rootfs, ['--mount', `type=bind,source=${source},target=/s,${more}`], script);
    assert.equal(await how('readonly'), 'tmpfs');
    assert.equal(await how('readonly,bind-recursive=readonly'), 'tmpfs');
    assert.equal(await how('readonly,bind-recursive=writable'), 'wrote below/x\ntmpfs');
    assert.doesNotMatch(await how('readonly,bind-recursive=disabled'), /wrote|tmpfs/);
    assert.equal(await how('bind-recursive=enabled'), 'wrote top\nwrote below/x\ntmpfs');
  });
});

describe('propagation', () => {
  const privileges = ['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined'];
  let shared = '';
  let slave = '';

  before(() => {
    shared = folder('shared');
    slave = folder('slave');
    onHost('mount', '-t', 'tmpfs', 'shared', shared);
    onHost('mount', '--make-shared', shared);
    onHost('mount', '--bind', shared, slave);
    onHost('mount', '--make-slave', slave);
  });

  /** Whether mounts made later, at the top and below an earlier mount, are visible on the other side. */
  async function effects(source: string, propagation: string): Promise<string[]> {
    const name = `case-${++count}`;
    const top = join(source, name);
    onHost('mkdir', '-p', join(shared, name, 'old'));
    onHost('mount', '-t', 'tmpfs', 'old', join(shared, name, 'old'));
    onHost('mkdir', join(top, 'out'), join(top, 'in'), join(top, 'old/out'), join(top, 'old/in'));
    const id = await s.ok([
      'run',
      '-d',
      ...privileges,
      '-v',
      `${top}:/s:${propagation}`,
      s.rootfs,
      'sleep',
      '1000',
    ]);
    try {
      const { Pid } = (await s.inspect(id)).State;
      const seen: string[] = [];
      for (const at of ['', 'old/']) {
        onHost('mount', '-t', 'tmpfs', 'late', join(shared, name, `${at}out`));
        await s.ok(['exec', '--privileged', id, 'mount', '-t', 'tmpfs', 'late', `/s/${at}in`]);
        if (mountPoints(Pid).includes(`/s/${at}out`)) seen.push(`${at}out`);
        if (mountPoints(s.daemon.pid).includes(join(top, `${at}in`))) seen.push(`${at}in`);
      }
      const bindable = await s.likerctl(['exec', '--privileged', id, 'mount', '--bind', '/s', '/mnt']);
      if (bindable.code !== 0) seen.push('unbindable');
      return seen;
    } finally {
      await s.ok(['rm', '-f', id]);
    }
  }

  // Without r, mounts below keep their propagation: slave of the host, or with shared its peer.
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['rshared', ['out', 'in', 'old/out', 'old/in']],
    ['shared', ['out', 'in', 'old/out', 'old/in']],
    ['rslave', ['out', 'old/out']],
    ['slave', ['out', 'old/out']],
    ['rprivate', []],
    ['private', ['old/out']],
    ['runbindable', ['unbindable']],
    ['unbindable', ['old/out', 'unbindable']],
  ];
  for (const [propagation, wanted] of table)
    test(`${propagation}: ${wanted.join(', ') || 'nothing propagates'}`, async () => {
      assert.deepEqual(await effects(shared, propagation), wanted);
    });

  test('a slave of the host can be shared again as rslave, and not as rshared', async () => {
    assert.deepEqual(await effects(slave, 'rslave'), ['out', 'old/out']);
    const { code, stderr } = await s.run(['-v', `${slave}:/s:rshared`], ['true']);
    assert.equal(code, 125);
    assert.match(
      stderr,
      isOrdinaryUser
        ? /Cannot mount '.*slave' as rshared: likerd runs without root/
        : /Cannot mount '.*slave' as rshared: it is on the host's mount '.*slave', which is not shared;/,
    );
  });

  test('options without effect are refused with the reason', async () => {
    const source = folder();
    for (const propagation of ['shared', 'rshared', 'slave', 'rslave']) {
      const { code, stderr } = await s.run(['-v', `${source}:/s:${propagation}`], ['true']);
      assert.equal(code, 125, propagation);
      assert.match(
        stderr,
        isOrdinaryUser && propagation.endsWith('shared')
          ? /likerd runs without root, in a mount namespace of its own/
          : /is on the host's mount '.*', which is (not shared|neither shared nor a slave); use 'mount --make-shared/,
      );
    }
  });

  test('no mount of Liker, nor any other, propagates to the host through a shared mount', async () => {
    const source = join(shared, `etc-${++count}`);
    onHost('mkdir', source);
    onHost(
      'sh',
      '-c',
      `cd ${source} && echo own >hosts && touch hostname resolv.conf passwd && mkdir firmware`,
    );
    const before = mountPoints(s.daemon.pid);
    const root = ownRoot();
    symlinkSync('etc', join(root, 'link'));
    for (const target of ['/etc', '/link', '/sys', '/dev'])
      await s.ok(['run', '--rm', '-t', '-v', `${source}:${target}:rshared`, root, 'true']);
    assert.equal(await output(root, ['-v', `${source}:/etc:rshared`], 'cat /etc/hosts'), 'own');
    const { code, stderr } = await s.run(
      ['-v', `${source}:/s:rshared`, '-v', `${source}:/s/firmware`],
      ['true'],
    );
    assert.equal(code, 125);
    assert.match(stderr, /Cannot mount at '\/s\/firmware': '\/s' is shared with the host/);
    assert.deepEqual(mountPoints(s.daemon.pid), before);
  });
});

describe('the files in /etc', () => {
  test('are visible whatever is mounted at /etc, except those that the user mounts', async () => {
    const etc = folder();
    for (const name of ['hosts', 'hostname', 'passwd', 'resolv.conf'])
      writeFileSync(join(etc, name), `host's ${name}\n`);
    const script = 'cat /etc/hostname /etc/passwd; tail -n1 /etc/hosts';
    const flags = ['--hostname', 'given', '-v'];
    const wanted = "given\nhost's passwd\n127.0.1.1\tgiven";
    assert.equal(await output(s.rootfs, [...flags, `${etc}:/etc`], script), wanted);
    assert.equal(await output(s.rootfs, [...flags, `${etc}:/etc:ro`], script), wanted);
    const own = [...flags, `${etc}:/etc`, '-v', `${etc}/hosts:/etc/hosts`];
    assert.equal(await output(s.rootfs, own, script), "given\nhost's passwd\nhost's hosts");
    assert.match(
      await output(s.rootfs, ['--tmpfs', '/etc', '--hostname', 'given'], 'cat /etc/hosts'),
      /given/,
    );
    assert.equal(readFileSync(join(etc, 'hosts'), 'utf8'), "host's hosts\n");
    // Nothing can be created in a read-only folder, so the container has no such file.
    assert.equal(await output(s.rootfs, ['-v', `${folder()}:/etc:ro`], 'ls -A /etc'), '');
  });

  test('are limited in size: a container cannot fill the disk of others with them', async () => {
    const id = await s.detached([], ['sleep', '1000']);
    const before = execFileSync('du', ['-s', s.daemon.run], { encoding: 'utf8' });
    for (const file of given) {
      const { code, stderr } = await s.likerctl(['exec', id, 'sh', '-c', `cat /dev/zero >>${file}`]);
      assert.notEqual(code, 0);
      assert.match(stderr, /No space left on device/);
    }
    const bytes = await s.ok(['exec', id, 'sh', '-c', `cat ${given.join(' ')} | wc -c`]);
    assert.ok(Number(bytes) < 2 << 20, bytes);
    assert.equal(execFileSync('du', ['-s', s.daemon.run], { encoding: 'utf8' }), before);
    assert.equal(await output(s.rootfs, [], 'echo another starts'), 'another starts');
    await s.ok(['rm', '-f', id]);
  });

  test("of a container whose network is shared are that container's own, and so is the hostname", async () => {
    const x = await s.detached(
      ['--name', 'x', '--hostname', 'of-x', '--add-host', 'db:192.0.2.9'],
      ['sleep', '1000'],
    );
    const flags = ['--network', 'container:x'];
    const script = 'hostname; echo $HOSTNAME; cat /etc/hostname; grep db /etc/hosts';
    assert.equal(await output(s.rootfs, flags, script), 'of-x\nof-x\nof-x\n192.0.2.9\tdb');
    await s.ok(['exec', x, 'sh', '-c', 'echo 192.0.2.10 late >>/etc/hosts']);
    const y = await s.detached([...flags, '--name', 'y'], ['sleep', '1000']);
    assert.match(await s.ok(['exec', y, 'cat', '/etc/hosts']), /192\.0\.2\.10 late$/);
    assert.equal(await output(s.rootfs, ['--network', 'container:y'], 'hostname'), 'of-x');
    assert.match(await output(s.rootfs, [...flags, '--tmpfs', '/etc'], 'cat /etc/hosts'), /late/);
    const readOnly = '(echo x >>/etc/hosts) 2>/dev/null || echo refused';
    assert.equal(await output(s.rootfs, [...flags, '--read-only'], readOnly), 'refused');
    for (const [flag, value] of [
      ['--hostname', 'mine'],
      ['--add-host', 'a:192.0.2.1'],
      ['--dns', '192.0.2.1'],
    ] as const) {
      const { code, stderr } = await s.run([...flags, flag, value], ['true']);
      assert.equal(code, 125);
      assert.match(stderr, /uses the network of container 'x', and with it its hostname/);
    }
    await s.ok(['rm', '-f', y, x]);
  });

  test('keep their changes when likerd is killed and started again', async () => {
    const id = await s.detached([], ['sleep', '1000']);
    await s.ok(['exec', id, 'sh', '-c', 'echo 192.0.2.11 kept >>/etc/hosts']);
    await s.daemon.kill9();
    await s.daemon.start();
    assert.match(await s.ok(['exec', id, 'cat', '/etc/hosts']), /192\.0\.2\.11 kept$/);
    await s.ok(['exec', id, 'sh', '-c', 'echo 192.0.2.12 later >>/etc/hosts']);
    assert.match(await s.ok(['exec', id, 'cat', '/etc/hosts']), /kept\n192\.0\.2\.12 later$/);
    await s.ok(['rm', '-f', id]);
  });
});

test('every tmpfs option accepted by create is accepted by start; others are refused, and the error lists the known ones', async () => {
  const options = [
    ...[
      'nodiratime',
      'diratime',
      'strictatime',
      'nostrictatime',
      'norelatime',
      'noatime',
      'atime',
      'relatime',
    ],
    ...[
      'nosymfollow',
      'symfollow',
      'sync',
      'async',
      'dirsync',
      'lazytime',
      'nolazytime',
      'defaults',
      'inode64',
    ],
    ...['size=1m', 'nr_inodes=9', 'mode=0700', 'uid=7', 'gid=8', 'rw', 'exec', 'suid', 'dev', 'mpol=default'],
  ];
  const mounts = options.flatMap((option, index) => ['--tmpfs', `/t/${index}:${option}`]);
  const table = await output(s.rootfs, mounts, 'cat /proc/self/mountinfo');
  for (const [option, shown] of [
    ['nodiratime', /nodiratime/],
    ['noatime', /noatime/],
    ['nosymfollow', /nosymfollow/],
    ['strictatime', /^(?!.*(relatime|noatime))/],
    ['size=1m', /size=1024k/],
    ['exec', /^(?!.*noexec)/],
  ] as const) {
    const line = table.split('\n').find((text) => text.includes(` /t/${options.indexOf(option)} `));
    assert.match(line ?? '', shown, option);
  }
  const { code, stderr } = await s.run(['--tmpfs', '/t:quick'], ['true']);
  assert.equal(code, 125);
  assert.match(stderr, /Invalid tmpfs option 'quick': use size=…, .*strictatime/);
});

test('nothing was created in the root that the tests share', () => {
  for (const name of ['work', 'new', 't', 's']) assert.ok(!existsSync(join(s.rootfs, name)), name);
  assert.ok(lstatSync(join(s.rootfs, 'etc')).isDirectory());
});
