// Which files stay open between reads of many containers: real control groups, and a process that stands for all of them.
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { after, test } from 'node:test';
import { Cgroups } from '../../kernel/cgroup/cgroups.ts';
import { limitsOf } from '../../kernel/cgroup/resources.ts';
import { interfaceStats } from '../../kernel/proc/net-dev.ts';
import { baseSpec } from '../../test/fake-engine.ts';
import { FakeHost } from '../../test/fake-host.ts';
import { Container } from '../containers/model/container.ts';
import { figuresReader } from './figures.ts';
import { OpenReaders } from './open-readers.ts';

const parent = `liker-readers-${process.pid}`;
const cgroups = Cgroups.open({ parent });
after(() => cgroups.close());

function running(id: string): Container {
  const main = { pid: process.pid, startTime: '0' };
  const phase = { state: 'running', startedAt: 0, main, shimPid: 0 } as const;
  return new Container({ id, createdAt: 0, spec: baseSpec, phase });
}

/** Files of the container's groups that this process has open. */
function openFiles(id: string): number {
  const paths = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return paths.filter((path) => path.includes(`/${parent}/${id}/`)).length;
}

test('containers beyond their share of open files are still read, and use the room that others leave', async () => {
  const networks = { byId: () => null };
  const context = { cgroups, networks, proc: { ...new FakeHost().proc, interfaceStats } };
  await using made = new AsyncDisposableStack();
  for (const id of ['a', 'b']) {
    const cgroup = await cgroups.create(id, limitsOf({}), { allDevices: true });
    made.defer(() => cgroup.remove());
  }
  const enoughForOne = 30;
  const readers = new OpenReaders(enoughForOne);
  const read = (id: string, watched: boolean): void => {
    const figures = readers.read(id, () => figuresReader(context, running(id)), watched);
    assert.ok(figures !== null && figures.pids?.current === 0 && figures.network !== null, id);
  };
  read('a', false);
  assert.equal(openFiles('a'), 0, 'one look keeps nothing');
  for (let look = 0; look < 2; look++) for (const id of ['a', 'b']) read(id, true);
  assert.ok(openFiles('a') > 8);
  assert.equal(openFiles('b'), 0);
  readers.close('a');
  read('b', true);
  assert.equal(openFiles('a'), 0);
  assert.ok(openFiles('b') > 8);
  readers.close('b');
  assert.equal(openFiles('b'), 0);
});
