// The networks of a lease go with it, after its containers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { LeaseHolder } from './harness/lease-holder.ts';
import { networkSuite } from './harness/network-suite.ts';
import { until } from './harness/until.ts';

const s = await networkSuite();

test('the networks that a program has made are gone after kill -9 of it', async () => {
  await using holder = new LeaseHolder(s.daemon);
  const leaseId = await holder.leaseId;
  const { api } = s;
  const { network } = await api.call<{ network: { id: string; interface: string; leaseId: string } }>(
    (done) => api.networks.CreateNetwork({ name: 'leased', leaseId }, done as never),
  );
  assert.equal(network.leaseId, leaseId);
  for (const name of ['one', 'two']) {
    const spec = s.spec(['sleep', '1000'], {}, { name, leaseId, networks: [{ network: 'leased' }] });
    await api.call((done) => api.containers.CreateContainer({ spec }, done as never));
    await api.call((done) => api.containers.StartContainer({ container: name }, done as never));
  }
  const links = () =>
    execFileSync(s.box.machine.within[0] ?? '', [...s.box.machine.within.slice(1), 'ip', '-o', 'link'], {
      encoding: 'utf8',
    });
  assert.ok(links().includes(network.interface));
  await holder.kill();
  await until('no network', async () => !(await s.ok(['network', 'ls'])).includes('leased'), {
    deadlineMs: 10_000,
  });
  assert.equal(await s.ok(['ps', '-aq']), '');
  await until('no bridge', () => !links().includes(network.interface));
});
