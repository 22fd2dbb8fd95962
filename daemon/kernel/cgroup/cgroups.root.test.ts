import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { after, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ended, eventually, isError, limits, readIn, startIn } from '../../test/cgroups.ts';
import { Cgroups } from './cgroups.ts';
import type { ContainerGroup } from './container-cgroup.ts';
import { childFolders } from './files.ts';
import { hierarchyKey, parseHierarchies } from './mounts.ts';
import { pidsIn } from './processes.ts';
import { limitsOf, type Resources } from './resources.ts';

const mib = 2 ** 20;
const mountinfo = readFileSync('/proc/self/mountinfo', 'latin1');
const mounted = parseHierarchies(mountinfo);
const withoutV2 = mountinfo.replace(/^.* - cgroup2 .*$\n/gm, '');

/** Not every kernel has it: user-mode-linux has not. */
const hasCpuset = mounted.some(({ version, controllers, mountPoint }) =>
  version === 1
    ? controllers.includes('cpuset')
    : readFileSync(`${mountPoint}/cgroup.controllers`, 'latin1').includes('cpuset'),
);
const cpuset = hasCpuset ? { cpusetCpus: '0', cpusetMems: '0' } : {};

/** This machine as it is and, where it has the v1 freezer beside v2, as one that has v1 only. */
const scenes = [{ name: 'as mounted', mountinfo }];
if (
  mounted.some(({ version }) => version === 2) &&
  mounted.some(({ controllers }) => controllers.includes('freezer'))
) {
  scenes.push({ name: 'v1 only', mountinfo: withoutV2 });
}

let count = 0;
for (const scene of scenes) {
  describe(`cgroups, ${scene.name}`, () => {
    count += 1;
    const parent = `liker-test-${process.pid}-${count}`;
    const options = { parent, mountinfo: scene.mountinfo };
    const cgroups = Cgroups.open(options);
    const free = { allDevices: true };
    const folders: string[] = [];
    let next = 0;

    async function create(resources: Resources = limitsOf({})): Promise<ContainerGroup> {
      next += 1;
      const cgroup = await cgroups.create(`c${next}`, resources, free);
      folders.push(...Object.values(cgroup.paths));
      return cgroup;
    }

    async function dispose(cgroup: ContainerGroup): Promise<void> {
      await cgroup.kill();
      await cgroup.remove();
      for (const folder of Object.values(cgroup.paths)) assert.ok(!existsSync(folder), folder);
    }

    after(async () => {
      for (const id of cgroups.list()) await dispose(cgroups.open(id));
      const parents = new Set(folders.map((folder) => folder.slice(0, folder.lastIndexOf('/'))));
      cgroups.close();
      for (const folder of parents) assert.ok(!existsSync(folder), `left behind: ${folder}`);
    });

    test('a container has a folder in each hierarchy, with every limit as the kernel stored it', async () => {
      const wanted = limits({
        cpu: { shares: 512, quotaUs: 50_000, periodUs: 100_000, ...cpuset },
        memory: { maxBytes: 64 * mib },
        pids: { max: 17 },
      });
      const preview = cgroups.preview(`c${next + 1}`, wanted, free);
      const cgroup = await create(wanted);
      for (const { file, value } of preview) assert.equal(readFileSync(file, 'latin1').trim(), value, file);
      assert.deepEqual(
        [...new Set(cgroup.applied.map(({ file }) => file))].filter(
          (file) => !preview.some((write) => write.file === file),
        ),
        [],
      );
      for (const folder of Object.values(cgroup.paths)) assert.ok(existsSync(folder), folder);
      assert.equal(cgroup.applied.length, hasCpuset ? 7 : 5);
      for (const limit of cgroup.applied) {
        assert.equal(readFileSync(limit.file, 'latin1').trim(), limit.effective, limit.knob);
        assert.equal(limit.effective, limit.written, limit.knob);
      }
      assert.ok(cgroups.list().includes(`c${next}`));
      await dispose(cgroup);
      assert.ok(!cgroups.list().includes(`c${next}`));
    });

    test('T49: a process can join at once; it is counted and found, and its cgroup is removed when it has ended', async () => {
      const cgroup = await create();
      assert.equal(await cgroup.populated(), false);
      const child = await startIn(cgroup, 'sleep 100');
      await eventually('shell and sleep are there', async () => (await pidsIn(cgroup.folder)).length === 2);
      assert.ok((await pidsIn(cgroup.folder)).includes(child.pid ?? 0));
      assert.equal(await cgroup.populated(), true);
      assert.deepEqual(
        (await pidsIn(cgroups.open(`c${next}`).folder)).sort(),
        (await pidsIn(cgroup.folder)).sort(),
      );
      await cgroup.kill();
      assert.equal(await ended(child), 'SIGKILL');
      await cgroup.remove();
      assert.deepEqual(await pidsIn(cgroup.folder), []);
      await cgroup.remove();
    });

    test('root inside may divide what is delegated, below the limits; processes and execs begin there, and go with the container', async () => {
      const [uid, gid] = [12_345, 23_456];
      const id = `c${++next}`;
      const bound = limits({ pids: { max: 17 } });
      const cgroup = await cgroups.create(id, bound, { ...free, delegateTo: { uid, gid } });
      folders.push(...Object.values(cgroup.paths));
      // Those in which systemd makes cgroups.
      const mine = parseHierarchies(scene.mountinfo).map(hierarchyKey);
      assert.deepEqual(
        [...cgroup.delegated].sort(),
        mine.filter((key) => key === 'v2' || key === 'name=systemd').sort(),
      );
      for (const key of cgroup.delegated) {
        const [limited = '', shown = ''] = [cgroup.paths[key], cgroup.shown[key]];
        const names = readdirSync(shown).filter((name) => statSync(`${shown}/${name}`).uid === uid);
        assert.ok(statSync(shown).uid === uid && statSync(shown).gid === gid);
        assert.ok(names.includes('cgroup.procs'), key);
        assert.deepEqual(
          names.filter((name) => /max|limit|freeze|kill|high|weight/.test(name)),
          [],
        );
        if (key === 'v2') {
          assert.equal(shown, `${limited}/container`);
          const controllers = (file: string) => readFileSync(file, 'latin1').trim();
          const offered = controllers(`${shown}/cgroup.controllers`).split(' ');
          for (const one of controllers(`${dirname(limited)}/cgroup.subtree_control`).split(' '))
            assert.ok(offered.includes(one), one);
        }
      }
      for (const [key, folder] of Object.entries(cgroup.paths))
        if (!cgroup.delegated.includes(key)) assert.equal(statSync(folder).uid, 0, key);
      const again = cgroups.open(id, { delegated: true });
      assert.deepEqual([again.shown, again.unified], [cgroup.shown, cgroup.unified]);
      const exec = again.createExec(3);
      assert.deepEqual(again.execs(), [3]);
      const child = await startIn(cgroup, 'exec sleep 100');
      const other = await startIn(exec, 'exec sleep 100');
      await eventually('both are there', async () => (await pidsIn(cgroup.folder)).length === 2);
      assert.equal(readIn(cgroup, 'pids.max'), '17');
      await cgroup.kill();
      assert.deepEqual([await ended(child), await ended(other)], ['SIGKILL', 'SIGKILL']);
      await cgroup.remove();
    });

    test('a frozen process does nothing until it is thawed', async () => {
      const cgroup = await create();
      const child = await startIn(cgroup, 'exec cat');
      await cgroup.freeze();
      assert.equal(cgroup.frozen(), true);
      let output = '';
      child.stdout?.on('data', (data) => {
        output += data;
      });
      child.stdin?.write('hello\n');
      // Another cat answers meanwhile.
      execFileSync('cat', { input: 'hello\n' });
      await setImmediate();
      assert.equal(output, '');
      await cgroup.thaw();
      await eventually('the answer', () => output === 'hello\n');
      assert.equal(cgroup.frozen(), false);
      await dispose(cgroup);
    });

    test('T42: no process escapes a kill by forking', async () => {
      const cgroup = await create(limits({ pids: { max: 100 } }));
      await startIn(cgroup, 'while :; do (while :; do sleep 0.001 & done) & done');
      await eventually('many processes', async () => (await pidsIn(cgroup.folder)).length > 20);
      await cgroup.kill();
      await eventually('all gone', async () => !(await cgroup.populated()));
      await cgroup.remove();
    });

    test('T43: a kill reaches frozen processes and thaws them', async () => {
      const cgroup = await create();
      const child = await startIn(cgroup, 'sleep 100');
      await cgroup.freeze();
      await cgroup.kill();
      assert.equal(await ended(child), 'SIGKILL');
      assert.equal(cgroup.frozen(), false);
      await dispose(cgroup);
    });

    test('T43: a kill also reaches processes that froze themselves through v1, in nested cgroups too', async (context) => {
      const cgroup = await create();
      const freezer = cgroup.paths['freezer'];
      if (freezer === undefined) {
        await dispose(cgroup);
        return context.skip('no v1 freezer');
      }
      const nested = `${freezer}/a/b`;
      mkdirSync(nested, { recursive: true });
      const child = await startIn(cgroup, 'exec sleep 100');
      // One that forks can leave the freezer freezing for ever.
      await eventually('the exec', () => readFileSync(`/proc/${child.pid}/comm`, 'latin1') === 'sleep\n');
      writeFileSync(`${nested}/cgroup.procs`, String(child.pid));
      for (const folder of [nested, freezer]) {
        writeFileSync(`${folder}/freezer.state`, 'FROZEN');
        await eventually(
          'it stands still',
          () => readFileSync(`${folder}/freezer.state`, 'latin1') === 'FROZEN\n',
        );
      }
      await cgroup.kill();
      assert.equal(await ended(child), 'SIGKILL');
      await dispose(cgroup);
    });

    test('killing a container that has thousands of cgroups does not block the event loop', async (context) => {
      const cgroup = await create();
      const freezer = cgroup.paths['freezer'];
      if (freezer === undefined) {
        await dispose(cgroup);
        return context.skip('no v1 freezer');
      }
      for (let count = 0; count < 3000; count += 1) mkdirSync(`${freezer}/${count}`);
      let turns = 0;
      const counter = setInterval(() => {
        turns += 1;
      }, 0);
      await cgroup.kill();
      clearInterval(counter);
      assert.ok(turns > 0);
      await dispose(cgroup);
    });

    test('removing a container that has thousands of cgroups does not block the event loop', async () => {
      const cgroup = await create();
      for (let count = 0; count < 3000; count += 1) mkdirSync(`${cgroup.folder}/${count}`);
      const seen: number[] = [];
      const look = setInterval(() => seen.push(childFolders(cgroup.folder).length), 0);
      await dispose(cgroup);
      clearInterval(look);
      assert.ok(
        seen.some((left) => left > 0 && left < 3000),
        `seen: ${seen}`,
      );
    });

    test('a container created with fewer hierarchies: a process joins those, and all of them are removed', async () => {
      const cgroup = await create();
      const [[key, folder] = ['', '']] = Object.entries(cgroup.paths).filter(([name]) => name !== 'v2');
      const open = (made: Readonly<Record<string, string>>) => cgroups.open(`c${next}`, { made }).joinFiles;
      assert.deepEqual(open(cgroup.paths), cgroup.joinFiles);
      assert.deepEqual(open({ [key]: folder }), key === '' ? [] : [`${folder}/tasks`]);
      if (key !== '') rmdirSync(folder);
      await dispose(cgroups.open(`c${next}`));
    });

    test('T44: cgroups nested in the container are removed with it, after its dying processes', async () => {
      const cgroup = await create();
      for (const folder of Object.values(cgroup.paths)) mkdirSync(`${folder}/a/b`, { recursive: true });
      await startIn(cgroup, 'sleep 100');
      void cgroup.kill();
      await cgroup.remove();
      for (const folder of Object.values(cgroup.paths)) assert.ok(!existsSync(folder), folder);
    });

    test('an exec can be killed without its container', async () => {
      const cgroup = await create();
      const main = await startIn(cgroup, 'exec sleep 100');
      const exec = cgroup.createExec(7);
      const child = await startIn(exec, 'sleep 100');
      await eventually(
        'shell and sleep are there',
        async () => (await pidsIn(`${cgroup.folder}/exec-7`)).length === 2,
      );
      assert.equal((await pidsIn(cgroup.folder)).length, 3);
      await exec.kill();
      assert.equal(await ended(child), 'SIGKILL');
      await exec.remove();
      assert.deepEqual(await pidsIn(cgroup.folder), [main.pid]);
      await cgroup.openExec(7).remove();
      await dispose(cgroup);
    });

    test('a signal reaches every process', async () => {
      const cgroup = await create();
      const child = await startIn(cgroup, 'sleep 100 & sleep 100 & wait');
      await eventually('three processes', async () => (await pidsIn(cgroup.folder)).length === 3);
      await cgroup.signalAll(15);
      assert.equal(await ended(child), 'SIGTERM');
      await eventually('all gone', async () => !(await cgroup.populated()));
      await cgroup.remove();
    });

    test('out-of-memory kills are counted', async () => {
      const cgroup = await create(limits({ memory: { maxBytes: 16 * mib, memorySwapBytes: 16 * mib } }));
      assert.equal(cgroup.oomKills(), 0);
      const child = await startIn(cgroup, 'exec tail /dev/zero');
      assert.equal(await ended(child), 'SIGKILL');
      assert.equal(cgroup.oomKills(), 1);
      await dispose(cgroup);
    });

    test('an update changes the given limits and keeps the rest', async () => {
      const cgroup = await create(limits({ memory: { maxBytes: 64 * mib }, pids: { max: 50 } }));
      const [up] = cgroup.update(limits({ memory: { maxBytes: 512 * mib } }));
      assert.equal(up?.effective, String(512 * mib));
      const [down] = cgroup.update(limits({ memory: { maxBytes: 32 * mib, memorySwapBytes: 48 * mib } }));
      assert.equal(down?.effective, String(32 * mib));
      assert.equal(readIn(cgroup, 'pids.max'), '50');
      await dispose(cgroup);
    });

    test('T48: an update that the kernel refuses changes nothing', async () => {
      const cgroup = await create(limits({ memory: { maxBytes: 64 * mib }, cpu: { shares: 512 } }));
      const before = cgroup.update(limits({ cpu: { shares: 512 } }))[0]?.file ?? '';
      assert.throws(
        () =>
          cgroup.update(
            limits({ cpu: { shares: 100 }, memory: { maxBytes: 128 * mib }, pids: { max: 5_000_000 } }),
          ),
        isError('LIMIT_REFUSED', /pids\.max to 5000000.*EINVAL/),
      );
      const weight = readFileSync(before, 'latin1').trim();
      assert.ok(weight === '512' || weight === '59', weight);
      const memory = readIn(cgroup, 'memory.max') ?? readIn(cgroup, 'memory.limit_in_bytes');
      assert.equal(memory, String(64 * mib));
      await dispose(cgroup);
    });

    test('a creation that the kernel refuses leaves nothing behind', async () => {
      await assert.rejects(
        cgroups.create('broken', limits({ pids: { max: 5_000_000 } }), free),
        isError('LIMIT_REFUSED', /EINVAL/),
      );
      assert.ok(!cgroups.list().includes('broken'));
    });

    test('CPUs that do not exist are refused before anything is created', {
      skip: !hasCpuset && 'no cpuset',
    }, () => {
      assert.throws(
        () => cgroups.check(limits({ cpu: { cpusetCpus: '0,4000' } })),
        isError('LIMIT_REFUSED', /4000 is not available/),
      );
    });

    test('T11: no program is run when a container ends', async () => {
      const cgroup = await create();
      for (const [key, folder] of Object.entries(cgroup.paths)) {
        if (key !== 'v2')
          assert.equal(readFileSync(`${folder}/notify_on_release`, 'latin1').trim(), '0', key);
      }
      await dispose(cgroup);
    });

    test('T45: no id leads out of the parent', async () => {
      for (const id of ['..', '.', '', 'a/b', '../x', 'a'.repeat(65), '.hidden', 'a\n']) {
        await assert.rejects(
          cgroups.create(id, limitsOf({}), free),
          isError('BAD_ARGUMENT', /Invalid cgroup name/),
          id,
        );
      }
    });

    test('folders left by a crash are replaced, and a missing parent is created again', async () => {
      const left = await create();
      const again = await cgroups.create(`c${next}`, limits({ pids: { max: 9 } }), free);
      assert.equal(readIn(again, 'pids.max'), '9');
      await dispose(left);
      cgroups.close();
      await dispose(await create());
    });

    test('the error for a missing controller names it and says what to do', {
      skip: mounted.length < 2 && 'pure v2',
    }, () => {
      const text = scene.mountinfo.replace(/^.* - cgroup cgroup rw,memory$\n/m, '');
      const poor = Cgroups.open({ ...options, parent: `${parent}-poor`, mountinfo: text });
      try {
        assert.throws(
          () => poor.check(limits({ memory: { maxBytes: 64 * mib } })),
          isError('CGROUP_CONTROLLER_MISSING', /'memory' is missing.*mount -t cgroup -o memory/),
        );
        poor.check(limits({ pids: { max: 5 } }));
      } finally {
        poor.close();
      }
    });
  });
}
