import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Step } from '../../daemon/kernel/plan/steps.ts';
import type { ContainerOptions } from './plans.ts';
import { bind, containerSteps, mount } from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();

/** The output of a script in a container. */
async function output(script: string, options: Partial<ContainerOptions> = {}): Promise<string> {
  await using shim = await fixture().run(script, options);
  const exit = await shim.peer.exit();
  assert.equal(exit.code, 0, shim.peer.text(0, 2));
  return shim.peer.text();
}

test('T3: a program has fds 0, 1 and 2 and no other; so has an exec', async () => {
  await using shim = await fixture().run('sleep 100');
  const pid = await shim.started();
  assert.deepEqual(readdirSync(`/proc/${pid}/fd`), ['0', '1', '2']);
  shim.peer.exec(1, fixture().execPlan('', { args: ['/bin/sleep', '100'] }));
  const exec = await shim.peer.started(1);
  assert.deepEqual(readdirSync(`/proc/${exec}/fd`), ['0', '1', '2']);
});

test("T14: inheritable and ambient capabilities are empty, and the bounding set is the plan's; in an exec too", async () => {
  const wanted = 'CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\n';
  const rest = 'CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n';
  await using shim = await fixture().run('grep Cap /proc/self/status; sleep 100');
  await shim.peer.outputMatches(/Amb.*\n/);
  assert.equal(shim.peer.text(), wanted + rest);
  shim.peer.exec(1, fixture().execPlan('grep Cap /proc/self/status'));
  await shim.peer.exit(1);
  assert.equal(shim.peer.text(1), wanted + rest);
});

test('a user other than root has no capability, but its groups', async () => {
  const text = await output('grep -E "Cap(Prm|Eff|Inh)" /proc/self/status; id', { uid: 1000, gid: 1001 });
  assert.match(text, /^(Cap...:\t0{16}\n){3}uid=1000 gid=1001/);
});

test('ambient capabilities are raised if the plan asks for them', async () => {
  const net = 1n << 10n;
  const last: Step[] = [
    { step: 'capabilities', effective: net, permitted: net, inheritable: net, ambient: net },
  ];
  await using shim = await fixture().spawn(
    containerSteps(fixture().container({ args: ['/bin/grep', 'Cap', '/proc/self/status'], uid: 0, last })),
  );
  await shim.peer.exit();
  assert.match(shim.peer.text(), /CapAmb:\t0000000000000400/);
});

test('T18: the environment is exactly that of the plan', async () => {
  process.env['LIKER_TEST_LEAK'] = 'yes';
  const steps = containerSteps(fixture().container({ args: ['/bin/env'], env: ['PATH=/bin', 'A=1'] }));
  await using shim = await fixture().spawn(steps);
  await shim.peer.exit();
  assert.equal(shim.peer.text(), 'PATH=/bin\nA=1\n');
});

test('T32: signal dispositions and the mask have their defaults; in an exec too', async () => {
  await using shim = await fixture().spawn(
    containerSteps(fixture().container({ args: ['/bin/sleep', '100'] })),
  );
  const pid = await shim.started();
  shim.peer.exec(1, fixture().execPlan('', { args: ['/bin/sleep', '100'] }));
  for (const one of [pid, await shim.peer.started(1)]) {
    const status = readFileSync(`/proc/${one}/status`, 'utf8');
    for (const set of ['SigBlk', 'SigIgn', 'SigCgt'])
      assert.match(status, new RegExp(`^${set}:\t0{16}$`, 'm'));
  }
});

test("T54: nothing of the host's root is visible", async () => {
  const text = await output('cat /proc/self/mountinfo; ls /; pwd; ls /..');
  const mounts = text.split('\n').filter((line) => / - /.test(line));
  const points = mounts.map((line) => line.split(' ')[4]);
  assert.equal(points.filter((point) => point === '/').length, 1);
  assert.deepEqual(
    points.filter((point) => !/^\/$|^\/(proc|dev|sys)(\/|$)/.test(point ?? '')),
    [],
  );
  assert.match(text, /\nbin\ndev\netc\nproc\nsys\ntmp\n\/\nbin\n/);
});

/** Runs with another node in place of one in the root, and restores it. */
async function withSwapped(
  path: string,
  make: (at: string) => void,
  act: () => Promise<void>,
): Promise<void> {
  const at = join(fixture().rootfs, path);
  if (existsSync(at)) renameSync(at, `${at}.kept`);
  try {
    make(at);
    await act();
  } finally {
    rmSync(at, { recursive: true, force: true });
    if (existsSync(`${at}.kept`)) renameSync(`${at}.kept`, at);
  }
}

/** Steps that mount no /dev: that of the root is used. */
function withoutDev(extra: readonly Step[]): Step[] {
  const steps = containerSteps(fixture().container({ afterPivot: extra }));
  return steps.filter((step) => !('target' in step && step.target.startsWith('/dev')));
}

test('T5: a forged /dev/null is not used as a mask', async () => {
  const mask: Step = { step: 'mask', target: '/etc/secret' };
  writeFileSync(join(fixture().rootfs, 'etc/secret'), 'secret');
  const fakes: ((at: string) => void)[] = [
    (at) => symlinkSync('/etc/passwd', at),
    (at) => writeFileSync(at, 'file'),
  ];
  for (const fake of fakes)
    await withSwapped('dev/null', fake, async () => {
      await using shim = await fixture().spawn(withoutDev([mask]));
      const failure = await shim.peer.failed();
      assert.deepEqual([failure.name, failure.call, failure.object], ['mask', 'fstat', '/dev/null']);
    });
});

test('T5: masked paths are empty, missing ones are skipped, and T21: directories share one file system', async () => {
  const text = await output(
    'cat /etc/secret; ls /etc/one /etc/two; stat -c %d /etc/one /etc/two; touch /etc/one/x 2>/dev/null || echo ro',
    {
      beforePivot: [
        { step: 'directory', target: '/etc/one', mode: 0o755 },
        { step: 'directory', target: '/etc/two', mode: 0o755 },
      ],
      afterPivot: ['/etc/secret', '/etc/one', '/etc/two', '/etc/nothing'].map(
        (target) => ({ step: 'mask', target }) as const,
      ),
    },
  );
  const [, , , first, second, last] = text.split('\n');
  assert.equal(first, second);
  assert.equal(last, 'ro');
});

test('T8: a link at /dev cannot lead out of the root', async () => {
  const outside = join(fixture().folder, 'outside');
  mkdirSync(outside);
  await withSwapped(
    'dev',
    (at) => symlinkSync(outside, at),
    async () => {
      // Its target is made inside the root.
      await using shim = await fixture().run(`ls -d ${outside}/pts ${outside}/null`);
      await shim.peer.exit();
      assert.equal(shim.peer.text(), `${outside}/null\n${outside}/pts\n`);
    },
  );
  await withSwapped(
    'dev',
    (at) => symlinkSync('../../../../../../tmp', at),
    async () => {
      await using shim = await fixture().run('ls -d /tmp/pts /tmp/null');
      await shim.peer.exit();
      assert.equal(shim.peer.text(), '/tmp/null\n/tmp/pts\n');
    },
  );
  assert.deepEqual(readdirSync(outside), []);
});

test('T9: links in a target are followed inside the root only', async () => {
  const outside = join(fixture().folder, 'outside-9');
  const source = join(fixture().folder, 'volume');
  mkdirSync(outside);
  mkdirSync(source);
  writeFileSync(join(source, 'mark'), 'mark');
  symlinkSync('/../../../..', join(fixture().rootfs, 'etc/up'));
  symlinkSync(outside, join(fixture().rootfs, 'etc/absolute'));
  const beforePivot = [bind(source, '/etc/up/data'), bind(source, '/etc/absolute/sub')];
  assert.equal(await output(`cat /data/mark ${outside}/sub/mark`, { beforePivot }), 'markmark');
  assert.deepEqual(readdirSync(outside), []);
  for (const made of ['data', 'tmp']) rmSync(join(fixture().rootfs, made), { recursive: true });
  mkdirSync(join(fixture().rootfs, 'tmp'));
});

test('T9: a target that is swapped all the time never redirects a mount', async () => {
  const shared = join(fixture().folder, 'shared');
  const source = join(fixture().folder, 'swapped-volume');
  const outside = join(fixture().folder, 'outside-swap');
  for (const path of [shared, source, outside, join(shared, 'real')]) mkdirSync(path);
  symlinkSync(outside, join(shared, 'link'));
  writeFileSync(join(source, 'mark'), 'mark');
  const volume = bind(shared, '/shared');
  let stop = false;
  const swapping = (async () => {
    while (!stop) {
      renameSync(join(shared, 'real'), join(shared, 'target'));
      await new Promise(setImmediate);
      renameSync(join(shared, 'target'), join(shared, 'real'));
      renameSync(join(shared, 'link'), join(shared, 'target'));
      await new Promise(setImmediate);
      renameSync(join(shared, 'target'), join(shared, 'link'));
    }
  })();
  for (let i = 0; i < 30; i++) {
    await using shim = await fixture().run(
      'grep -c swapped-volume /proc/self/mountinfo; grep swapped-volume /proc/self/mountinfo',
      {
        beforePivot: [volume, bind(source, '/shared/target', { create: 'none' })],
      },
    );
    const frame = await shim.peer.until(({ type }) => type === 130 || type === 135);
    if (frame.type === 130) continue;
    assert.match(shim.peer.text(), /^1\n\d+ \d+ \d+:\d+ \S+ \/shared\/\S+ /);
  }
  stop = true;
  await swapping;
  assert.deepEqual(readdirSync(outside), []);
  rmSync(join(fixture().rootfs, 'shared'), { recursive: true, force: true });
});

test('a read-only path, a read-only root and read-only binds refuse writes', async () => {
  const script = [
    'touch /x 2>/dev/null || echo root',
    'echo 1 2>/dev/null >/proc/sys/kernel/hostname || echo sys',
    'touch /volume/x 2>/dev/null || echo volume',
    'touch /etc/x 2>/dev/null || echo etc',
    'touch /dev/shm/x && echo shm',
  ].join('; ');
  const source = join(fixture().folder, 'ro-volume');
  mkdirSync(source);
  const text = await output(`{ ${script}; }`, {
    beforePivot: [bind(source, '/volume', { attributes: 1 })],
    afterPivot: [{ step: 'read-only', target: '/etc' }, { step: 'root-read-only' }],
  });
  assert.equal(text, 'root\nsys\nvolume\netc\nshm\n');
  assert.deepEqual(readdirSync(source), []);
});

test('a bind of a file makes a file, whatever the plan says', async () => {
  const file = join(fixture().folder, 'one-file');
  writeFileSync(file, 'content\n');
  const text = await output('cat /run/a/file', {
    beforePivot: [bind(file, '/run/a/file', { recursive: false })],
  });
  assert.equal(text, 'content\n');
  rmSync(join(fixture().rootfs, 'run'), { recursive: true });
});

test('optional steps may fail', async () => {
  const optional: Step = { ...mount('nosuchfs', '/x', 0), optional: true } as Step;
  const missing = bind('/tmp', '/missing', { optional: true, create: 'none' });
  assert.equal(await output('echo went on', { beforePivot: [optional, missing] }), 'went on\n');
});

test('T7: a sysctl is written through a private procfs', async () => {
  const last: Step[] = [{ step: 'sysctl', path: 'net/ipv4/ip_unprivileged_port_start', value: '99' }];
  const text = await output('cat /proc/sys/net/ipv4/ip_unprivileged_port_start', {
    beforePivot: [mount('tmpfs', '/proc/sys', 0), ...last],
    afterPivot: [],
  }).catch(() => 'hidden');
  assert.equal(text, 'hidden');
  assert.equal(
    await output('cat /proc/sys/net/ipv4/ip_unprivileged_port_start', { beforePivot: last }),
    '99\n',
  );
});

test('host and domain name, loopback, umask, working directory', async () => {
  const script =
    'hostname; cat /proc/sys/kernel/domainname; busybox ip -o addr show lo | head -1; umask; pwd';
  const text = await output(script, {
    beforePivot: [{ step: 'domainname', name: 'example' }],
    last: [
      { step: 'cwd', path: '/made/here', create: true },
      { step: 'umask', mask: 0o077 },
    ],
  });
  assert.match(text, /^box\nexample\n1: lo.*127\.0\.0\.1.*\n0077\n\/made\/here\n$/);
  rmSync(join(fixture().rootfs, 'made'), { recursive: true });
});

test('no new privileges and a seccomp filter are in force', async () => {
  const allowAll = Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
  const text = await output('grep -E "NoNewPrivs|Seccomp:" /proc/self/status', {
    afterPivot: [{ step: 'no-new-privileges' }, { step: 'seccomp', filter: allowAll }],
  });
  assert.equal(text, 'NoNewPrivs:\t1\nSeccomp:\t2\n');
});
