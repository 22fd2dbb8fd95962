// A host that has iptables only: containers run without a network, and whoever asks for one hears what is missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suite } from './harness/suite.ts';

// A kernel without nf_tables is told first.
const hide = `for file in $(ldconfig -p | sed -n 's/.*libnftables.so.1 .*=> //p'); do mount --bind /dev/null $file; done
  exec "$@"`;
const s = suite({
  within: ['unshare', '-m', '--propagation', 'private', 'sh', '-c', hide, 'sh'],
  programs: ['ls'],
});
const missing =
  /this kernel has no nf_tables; run 'sudo modprobe nf_tables'|libnftables is missing; run 'sudo apt-get install libnftables1'/;

test('a container that asks for no network has a loopback interface', async () => {
  assert.equal(await s.sh([], 'ls /sys/class/net'), 'lo');
});

for (const flags of [['--network', 'bridge'], ['-p', '8080:80'], ['-P'], ['--network-alias', 'web']])
  test(`run ${flags.join(' ')} is refused with what is missing`, async () => {
    const { code, stderr } = await s.run(flags, ['true']);
    assert.equal(code, 125);
    assert.match(stderr, missing);
    assert.equal(await s.ok(['ps', '-aq']), '');
  });

test('so is network create, and info says it', async () => {
  const { code, stderr } = await s.likerctl(['network', 'create', 'blue']);
  assert.notEqual(code, 0);
  assert.match(stderr, missing);
  assert.match(await s.ok(['info']), new RegExp(`Cannot be made: (${missing.source})`));
});
