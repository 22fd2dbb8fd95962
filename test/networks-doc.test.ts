// Runs the blocks of docs/networks.md as they are printed, on a machine with a network of its own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { repository } from './harness/daemon.ts';
import { environment } from './harness/likerctl.ts';
import { NetBox } from './harness/net-box.ts';
import { requiresNetPriority, requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const box = await NetBox.open();
const work = mkdtempSync(join(tmpdir(), 'lk-doc-'));
/** Where host-local notes the addresses that it has given. */
const leases = '/var/lib/cni/networks/blue';
const hadLeases = existsSync(leases);
after(async () => {
  await box.close();
  rmSync(work, { recursive: true });
  if (!hadLeases) rmSync(leases, { recursive: true, force: true });
});
const s = suite({
  within: box.machine.within,
  args: ['--default-network', 'bridge', '--cni-config', join(work, 'net.d')],
});

const doc = readFileSync(join(repository, 'docs/networks.md'), 'utf8');
const [
  first = '',
  own = '',
  names = '',
  ports = '',
  rates = '',
  egress = '',
  connect = '',
  addresses = '',
  wire = '',
  cni = '',
  ...others
] = [...doc.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);

async function run(block: string): Promise<string> {
  const path = `${join(repository, 'bin')}:${process.env['PATH']}`;
  const [program = '', ...args] = [...box.machine.within, 'sh', '-ec', block];
  const { stdout } = await promisify(execFile)(program, args, {
    env: environment(s.daemon, { PATH: path }),
    cwd: work,
    timeout: 300_000,
  });
  return stdout;
}

const needs = requiresProgram('busybox', 'curl', 'ip');

test('docs/networks.md', needs, async (t) => {
  await t.test('a container finds another by its name', async () => {
    assert.match(await run(first), /[0-9a-f]{64}\n[0-9a-f]{12}\n10\.201\.0\.\d+\nweb\n$/);
  });
  await t.test('containers of different networks do not reach each other', async () => {
    assert.match(
      await run(own),
      /^[0-9a-f]{64}\n[0-9a-f]{64}\n[0-9a-f]{12}\nanother network\ndb \ndb\nfront\n$/,
    );
  });
  await t.test('a container has several names', async () => {
    assert.match(
      await run(names),
      /^[0-9a-f]{64}\n[0-9a-f]{64}\n(10\.201\.\d+\.\d+ +STREAM \S+\n){4}api\nback\nnameserver 127\.0\.0\.11\nsearch example\.org\noptions ndots:2\n(10\.201\.0\.1|fd[0-9a-f:]+::1) +host\.internal\n$/,
    );
  });
  await t.test('a port of the host leads into a container', async () => {
    assert.match(
      await run(ports),
      /^[0-9a-f]{64}\n[0-9a-f]{12}\n80\/tcp -> 127\.0\.0\.1:8080\n80\/tcp -> \[::1\]:8080\nsite: 127\.0\.0\.1:8080->80\/tcp, \[::1\]:8080->80\/tcp\nsite\n$/,
    );
  });
  await t.test('a container is held to rates', requiresNetPriority(), async () => {
    assert.match(await run(rates), /^[0-9a-f]{64}\n500000 bytes\nslow\n500000 bytes, sooner\nslow\n$/);
  });
  await t.test('a container reaches what its policy allows', async () => {
    assert.match(
      await run(egress),
      /^[0-9a-f]{64}\n[0-9a-f]{64}\nrefused\njob\n[0-9a-f]{12}\njob\nrefused again\njob\nstore\n$/,
    );
  });
  await t.test('a container is connected and disconnected while it runs', async () => {
    assert.match(
      await run(connect),
      /^([0-9a-f]{64}\n){3}eth0\neth1\nlo\n[0-9a-f]{12}\neth0\nlo\nboth\nDeleted Networks:\none\ntwo\n\n$/,
    );
  });
  await t.test('a container has the addresses that were asked for', async () => {
    assert.match(await run(addresses), /^[0-9a-f]{64}\neth0@\S+ +UP +10\.77\.0\.7\/24 .*\nfixed\n$/);
  });
  await t.test("a container is on the host's wire", async () => {
    box.machine.sh('ip link add eth0 type veth peer name wire0; ip link set eth0 up; ip link set wire0 up');
    assert.match(await run(wire), /^[0-9a-f]{64}\neth0@\S+ +UP +192\.0\.2\.192\/24 .*\nwire\n$/);
  });
  await t.test('plugins of CNI connect a container', async () => {
    assert.match(await run(cni), /^[0-9a-f]{64}\n[0-9a-f]{12}\n10\.89\.0\.\d+\nshop\n$/);
  });
  assert.equal(others.length, 0);
});
