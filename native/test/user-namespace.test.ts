import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cloneFlag, type Step } from '../../daemon/kernel/plan/steps.ts';
import { execNamespaces, startTime, type TestShim } from './fixture.ts';
import { needsBoth, pidsHierarchy, unified } from './hierarchies.ts';
import {
  type ContainerOptions,
  idStart,
  innerRoot,
  privateNamespaces,
  runs,
  userNamespaceSteps,
} from './plans.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();

const cloneFlags = privateNamespaces | cloneFlag.user;

const newLayer = (): string => fixture().newLayer();

/** A container in a user namespace that runs a shell script. */
function run(
  script: string,
  options: Partial<ContainerOptions> & { layer?: string; leading?: readonly Step[] } = {},
): Promise<TestShim> {
  const container = fixture().container({ args: ['/bin/sh', '-c', script], init: true, ...options });
  const steps = userNamespaceSteps({ layer: newLayer(), ...container, ...options });
  return fixture().spawn(steps, { tty: options.tty ?? false, cloneFlags });
}

async function output(script: string, options: Parameters<typeof run>[1] = {}): Promise<string> {
  await using shim = await run(script, options);
  const exit = await shim.peer.exit();
  assert.equal(exit.code, 0, shim.peer.text(0, 2));
  return shim.peer.text();
}

test('root inside is another user outside, and its files have the ids inside on the disk', async () => {
  const layer = newLayer();
  await using shim = await run('id -u; echo x >/x; mkdir /d; stat -c %u:%g /x /; sleep 100', { layer });
  const pid = await shim.started();
  await shim.peer.outputMatches(/^0\n0:0\n0:0\n$/);
  assert.match(readFileSync(`/proc/${pid}/uid_map`, 'utf8'), /^ +0 +1000000 +65536\n$/);
  assert.match(readFileSync(`/proc/${pid}/gid_map`, 'utf8'), /^ +0 +1000000 +65536\n$/);
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:(\t1000000){4}$/m);
  const { uid, gid } = statSync(join(layer, 'upper/x'));
  assert.deepEqual({ uid, gid }, { uid: 0, gid: 0 });
});

test('devices belong to root inside and work', async () => {
  const script = 'stat -c "%n %u:%g %a %t:%T" /dev/null; echo x >/dev/null; head -c 3 /dev/zero | wc -c';
  assert.equal(await output(script), '/dev/null 0:0 666 1:3\n3\n');
});

test('the standard streams are pipes that the program may open again', async () => {
  await using shim = await run('echo out >/dev/stdout; echo err >/dev/stderr');
  await shim.peer.exit();
  assert.deepEqual([shim.peer.text(), shim.peer.text(0, 2)], ['out\n', 'err\n']);
});

test('a terminal belongs to root and group tty inside', async () => {
  await using shim = await run('tty; stat -c %u:%g:%a /dev/pts/0', { tty: true });
  await shim.peer.exit();
  assert.equal(shim.peer.text(), '/dev/pts/0\r\n0:5:620\r\n');
});

test('an exec is in the user namespace, with its own streams', async () => {
  await using shim = await run('sleep 100');
  const pid = await shim.started();
  const joinMain = execNamespaces | cloneFlag.user;
  const owner: Step = { step: 'stream-owner', ...innerRoot };
  const script = 'id -u; cat /proc/self/uid_map; echo again >/dev/stdout';
  shim.peer.exec(1, fixture().execPlan(script, {}, { joinMain }, [owner]));
  await shim.peer.exit(1);
  assert.match(shim.peer.text(1), /^0\n +0 +1000000 +65536\nagain\n$/);
  shim.peer.exec(2, fixture().execPlan('sleep 100', { uid: 7 }, { joinMain }, [owner]));
  const exec = await shim.peer.started(2);
  assert.match(readFileSync(`/proc/${exec}/status`, 'utf8'), new RegExp(`^Uid:(\t${idStart + 7}){4}$`, 'm'));
  assert.notEqual(pid, exec);
});

/** CAP_SYS_RESOURCE, bit 24. */
const mayRaise =
  (BigInt(`0x${/^CapEff:\t(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`) >> 24n) & 1n;

test('a hard limit above the present one is raised before the namespace is entered', {
  skip: !mayRaise && 'this machine keeps CAP_SYS_RESOURCE from root',
}, async () => {
  const present = Number(
    /Max locked memory +\d+ +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1],
  );
  const more = String((Number.isNaN(present) ? 1 << 30 : present) + 4096);
  const leading: Step[] = [{ step: 'raise-limit', resource: 8, hard: more }];
  const last: Step[] = [{ step: 'rlimit', resource: 8, soft: '4096', hard: more }];
  const text = await output('grep locked /proc/self/limits', { leading, afterPivot: last });
  assert.match(text, new RegExp(`^Max locked memory +4096 +${more} `));
});

test('another container joins the user namespace, with namespaces that belong to it', async () => {
  await using first = await run('touch /dev/shm/mark; sleep 100');
  const pid = await first.started();
  const target = { pid, startTime: startTime(pid) };
  const joined = userNamespaceSteps({
    ...fixture().container({
      args: ['/bin/sh', '-c', 'id -u; ls /dev/shm; ps -o comm | grep -c sleep; sleep 100'],
    }),
    layer: newLayer(),
    leading: (['network', 'ipc'] as const).map((kind) => ({
      step: 'join-namespace',
      flag: cloneFlag[kind],
      ...target,
    })),
  }).flatMap((step): Step[] => {
    if (step.step === 'id-map') return [{ step: 'join-user', ...target }];
    if (step.step === 'stream-owner')
      return [
        { step: 'take-of', ...target, path: '/dev/shm', attributes: 0, optional: false },
        { step: 'take-proc-of', ...target, attributes: 0 },
        { step: 'take-of', ...target, path: '/no/such/path', attributes: 0, optional: true },
        step,
      ];
    if (!('target' in step)) return [step];
    if (step.target === '/dev/shm') return [{ step: 'place', tree: 5, target: step.target, optional: false }];
    if (step.target === '/proc')
      return [
        { step: 'place', tree: 6, target: step.target, optional: false },
        { step: 'place', tree: 7, target: '/mnt', optional: true },
      ];
    return [step];
  });
  await using second = await fixture().spawn(joined, {
    cloneFlags: cloneFlag.mount | cloneFlag.uts,
    joinPid: target,
  });
  const other = await second.started();
  for (const name of ['user', 'pid', 'net', 'ipc'])
    assert.equal(readlinkSync(`/proc/${other}/ns/${name}`), readlinkSync(`/proc/${pid}/ns/${name}`), name);
  assert.notEqual(readlinkSync(`/proc/${other}/ns/mnt`), readlinkSync(`/proc/${pid}/ns/mnt`));
  await second.peer.outputMatches(/^0\nmark\n1\n/);
  // setns(2) leads to what is on top of the root of the mount namespace.
  const joinMain = execNamespaces | cloneFlag.user;
  second.peer.exec(1, fixture().execPlan('ls /', {}, { joinMain }));
  await second.peer.exit(1);
  assert.equal(second.peer.text(1), 'bin\ndev\netc\nproc\nsys\ntmp\n');
});

test('no helper counts among the processes of a container', needsBoth, async () => {
  const groups = {
    v1: `${pidsHierarchy}/liker-native-${process.pid}`,
    v2: `${unified}/liker-native-${process.pid}`,
  };
  try {
    for (const group of Object.values(groups)) mkdirSync(group);
    writeFileSync(`${groups.v1}/pids.max`, '1');
    const leading: Step[] = [{ step: 'join-cgroup', file: `${groups.v1}/tasks` }];
    const container = {
      ...fixture().container({ args: ['/bin/cat', '/proc/self/cgroup'] }),
      layer: newLayer(),
    };
    await using shim = await fixture().spawn(userNamespaceSteps({ ...container, leading }), {
      cloneFlags,
      cgroup2: groups.v2,
    });
    assert.equal((await shim.peer.exit()).code, 0);
    assert.match(shim.peer.text(), /:pids:\/\n/);
    assert.match(shim.peer.text(), /^0::\/$/m);
  } finally {
    for (const group of Object.values(groups)) if (existsSync(group)) rmdirSync(group);
  }
});

test('T54: a container with the old root, or anything else, on top of its own is refused', async () => {
  const steps = userNamespaceSteps({ ...fixture().container({}), layer: newLayer() }).flatMap(
    (step): Step[] => {
      if (step.step === 'chdir') return [{ ...step, path: '/' }];
      return step.step === 'place-root' ? [{ step: 'file-store', at: '', size: '4096' }, step] : [step];
    },
  );
  await using shim = await fixture().spawn(steps, { cloneFlags });
  const failure = await shim.peer.failed();
  assert.deepEqual([failure.name, failure.errno, failure.object], ['pivot', 16, 'old root']);
});

test('T51: the maps are complete before anybody is in the namespace; one that the kernel refuses ends the start', async () => {
  const groups: Step = { step: 'groups', gids: [7, 65535] };
  assert.equal(await output('id -G', { afterPivot: [groups], gid: 65535 }), '65535\n');
  const twice = [...runs, ...runs];
  const container = { ...fixture().container({}), layer: newLayer() };
  const steps = userNamespaceSteps(container).map((step) =>
    step.step === 'id-map' ? { ...step, uids: twice } : step,
  );
  await using shim = await fixture().spawn(steps, { cloneFlags });
  const failure = await shim.peer.failed();
  assert.deepEqual([failure.name, failure.call, failure.errno], ['id-map', 'write', 22]);
});

test('a failure before the namespace is entered names its step', async () => {
  const missing = { ...fixture().container({}), source: '/no/such/folder', layer: newLayer() };
  await using shim = await fixture().spawn(userNamespaceSteps(missing), { cloneFlags });
  const failure = await shim.peer.failed();
  assert.deepEqual(
    [failure.name, failure.call, failure.errno, failure.object],
    ['take', 'open_tree', 2, '/no/such/folder'],
  );
});

test('an overlay whose layers do not have the ids that make it is refused, and not read-only without a word', async () => {
  const steps = userNamespaceSteps({ ...fixture().container({}), layer: newLayer() }).map((step) =>
    step.step === 'take-overlay' ? { ...step, uid: 0, gid: 0 } : step,
  );
  await using shim = await fixture().spawn(steps, { cloneFlags });
  const failure = await shim.peer.failed();
  assert.deepEqual([failure.name, failure.errno], ['take-overlay', 30]);
});
