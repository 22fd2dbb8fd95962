import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { othersAttachments } from './others.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-cni-'));
after(() => rmSync(folder, { recursive: true }));

function cache(networkName: string, containerId: string, ifName: string): void {
  const content = { kind: 'cniCacheV1', containerId, config: '', ifName, networkName, result: {} };
  writeFileSync(join(folder, `${networkName}-${containerId}-${ifName}`), JSON.stringify(content));
}

test('attachments of engines that use libcni, of one network', () => {
  assert.deepEqual(othersAttachments(join(folder, 'missing'), 'pods'), []);
  cache('pods', 'one', 'eth0');
  cache('pods', 'two', 'net1');
  cache('pods-more', 'three', 'eth0');
  assert.deepEqual(othersAttachments(folder, 'pods'), [
    { containerID: 'one', ifname: 'eth0' },
    { containerID: 'two', ifname: 'net1' },
  ]);
  writeFileSync(join(folder, 'pods-four-eth0'), '{"cniVersion": "0.3.1"}');
  assert.throws(() => othersAttachments(folder, 'pods'), /pods-four-eth0/);
});
