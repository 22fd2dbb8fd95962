import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { LeftGroups } from '../../../../bench/engines/left-groups.ts';

describe('the firewall beside docker and podman', () => {
  const left = new LeftGroups('docker', 'libpod_parent/conmon', 'libpod_parent');
  let results: Record<string, unknown> = {};

  before(() => {
    // What the guest has started ends with it, as the processes of its namespace.
    const namespaces = ['-nmpf', '--mount-proc', '--kill-child', '--propagation', 'private'];
    const guest = join(import.meta.dirname, 'beside.guest.ts');
    const words = [...namespaces, process.execPath, guest];
    const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 600_000 });
    assert.equal(status, 0, stderr);
    results = JSON.parse(stdout);
  });
  after(() => left.remove());

  test('their rules stay as they are', () => {
    assert.equal(results['untouched'], true);
    assert.equal(results['still untouched'], true);
  });

  test('where Docker drops what is forwarded, the log says so, with a command that helps', () => {
    assert.equal(results['docker drops: in'], 'silence');
    assert.equal(results['docker drops: out'], 'silence');
    assert.deepEqual(results['warning'], {
      message: 'another firewall drops what containers send and get, unless it is allowed there',
      fields: {
        tables: 'ip filter',
        by: 'docker',
        allow:
          'for link in lb+ lv+; do iptables -I DOCKER-USER -i $link -j ACCEPT; iptables -I DOCKER-USER -o $link -j ACCEPT; done',
      },
    });
    assert.equal(results['together: out'], 'outside 192.0.2.1');
  });

  for (const when of ['together', 'after a restart of docker'])
    test(`${when}, each has its ports`, () => {
      assert.equal(results['alone: docker'], 'http');
      assert.equal(results['alone: podman'], 'http');
      assert.equal(results[`${when}: in`], 'a1 192.0.2.9');
      assert.equal(results[`${when}: from the host`], 'a1 10.201.0.1');
      assert.equal(results[`${when}: out`], 'outside 192.0.2.1');
      assert.equal(results[`${when}: docker`], 'http');
      assert.equal(results[`${when}: podman`], 'http');
    });

  test('only its own table comes back after a flush', () =>
    assert.equal(results['back'], 'table inet liker'));
});
