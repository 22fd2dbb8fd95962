// T55: /proc and /sys belong to the container's own namespaces and cannot be used to change the host, whichever namespaces are shared.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { hostileSuite, inBothModes } from './modes.ts';

const s = hostileSuite();

/** Prints the name of each file that it could write to. */
const write = `for f in /sys/power/state /sys/kernel/mm/transparent_hugepage/enabled /sys/module/*/parameters/* /sys/class/net/*/mtu /sys/kernel/uevent_helper \
  /sys/block/*/queue/scheduler /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/swappiness /proc/sysrq-trigger; do
  if [ -e $f ] && (true >>$f) 2>/dev/null; then echo "opened $f"; fi
done`;

const networks = [[], ['--network', 'none'], ['--network', 'host']];
const pidModes = [[], ['--pid', 'host']];
const roots = [[], ['--read-only']];

inBothModes('T55: no file of /sys or /proc changes the host, whatever is shared', async ({ flags }) => {
  // The attack finds what it may write to.
  assert.match(await s.sh(['--privileged'], write), /^opened \/proc\/sys\/vm\/swappiness$/m);
  const swappiness = readFileSync('/proc/sys/vm/swappiness', 'utf8');
  for (const network of networks)
    for (const pid of pidModes)
      for (const root of roots) {
        const asked = [...flags, ...network, ...pid, ...root];
        const out = await s.sh(asked, `${write}; cat /proc/self/comm; hostname`);
        const [comm, name, ...rest] = out.split('\n');
        assert.deepEqual([comm, rest], ['cat', []], asked.join(' '));
        assert.notEqual(name, hostname());
      }
  assert.equal(readFileSync('/proc/sys/vm/swappiness', 'utf8'), swappiness);
});

inBothModes('T55: every mount of /sys and of what lies below it is read-only', async ({ flags }) => {
  for (const network of networks) {
    const mounts = await s.sh([...flags, ...network], 'cut -d" " -f5,6 /proc/self/mountinfo');
    const below = mounts.split('\n').filter((line) => /^\/sys[/ ]/.test(line));
    assert.ok(below.length > 0);
    for (const line of below) assert.match(line, / ro,/, `${network.join(' ')}: ${mounts}`);
  }
});
