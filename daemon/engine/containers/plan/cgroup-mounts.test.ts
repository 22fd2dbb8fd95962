import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountAttr } from '../../../kernel/plan/steps.ts';
import { cgroupMounts } from './cgroup-mounts.ts';

const top = '/sys/fs/cgroup';

function places(paths: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const step = cgroupMounts(paths, []);
  if (step.step === 'bind') return { [step.target]: step.source };
  assert.ok(step.step === 'cgroups');
  assert.equal(step.target, top);
  return Object.fromEntries([...step.folders, ...step.links]);
}

test('v2 alone is mounted at the top, even beside a v1 hierarchy without controllers', () => {
  assert.deepEqual(places({ v2: '/g' }), { [top]: '/g' });
  assert.deepEqual(places({ 'name=elogind': '/e', v2: '/g' }), { [top]: '/g' });
});

test('each hierarchy is mounted where programs look for it, with links for co-mounted controllers', () => {
  assert.deepEqual(places({ 'cpu,cpuacct': '/c', memory: '/m', 'name=systemd': '/s', v2: '/g' }), {
    'cpu,cpuacct': '/c',
    memory: '/m',
    systemd: '/s',
    unified: '/g',
    cpu: 'cpu,cpuacct',
    cpuacct: 'cpu,cpuacct',
  });
});

test('a name that is taken, or is not a valid file name, keeps its prefix', () => {
  assert.deepEqual(
    Object.keys(places({ 'cpu,cpuacct': '/c', 'name=cpu': '/1', 'name=..': '/2', 'name=unified': '/3' })),
    ['cpu,cpuacct', 'name=cpu', 'name=..', 'name=unified', 'cpu', 'cpuacct'],
  );
});

test('what root inside may divide can be written to, and nothing else', () => {
  const { RDONLY } = mountAttr;
  const of = (paths: Readonly<Record<string, string>>, writable: readonly string[]) => {
    const step = cgroupMounts(paths, writable);
    assert.ok(step.step === 'cgroups' || step.step === 'bind');
    return [(step.attributes & RDONLY) !== 0, step.step === 'cgroups' ? step.writable : null];
  };
  const hybrid = { memory: '/m', 'name=systemd': '/s', v2: '/g' };
  assert.deepEqual(of({ v2: '/g' }, []), [true, null]);
  assert.deepEqual(of({ v2: '/g' }, ['v2']), [false, null]);
  assert.deepEqual(of(hybrid, []), [true, []]);
  assert.deepEqual(of(hybrid, ['name=systemd', 'v2']), [true, ['systemd', 'unified']]);
  assert.deepEqual(of(hybrid, Object.keys(hybrid)), [false, []]);
});
