import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from '../../../../test/harness/daemon.ts';
import { requiresProgram } from '../../../../test/harness/requires.ts';

const all = {
  out: 'outside 192.0.2.1',
  'out, IPv6': 'outside 2001:db8::1',
  in: 'a1 192.0.2.9',
  'in, IPv6': 'a1 2001:db8::9',
  'from the host': 'a1 10.201.0.1',
  'to a neighbour': 'a1 10.201.0.3',
  'to a neighbour by the host': 'a1 10.201.0.1',
  'to another network': 'silence',
  'to another network by the host': 'a1 10.201.1.2',
  'to the host': 'host 10.201.0.2',
  'past the port': 'silence',
};

const firewalls = [
  {
    by: 'ufw',
    tables: 'ip filter, ip6 filter',
    needs: requiresProgram('ufw'),
    asItIs: { out: 'silence', in: 'silence', 'from the host': 'a1 10.201.0.1' },
    // Its own services are a matter of its own rules.
    allowed: { ...all, 'to the host': 'silence' },
  },
  {
    by: 'firewalld',
    tables: 'inet firewalld',
    // No package of the tests: it would be started with the machine from then on.
    needs: requiresProgram('firewalld', 'dbus-daemon'),
    asItIs: { out: 'silence', in: 'a1 192.0.2.9', 'from the host': 'a1 10.201.0.1' },
    allowed: all,
  },
];

for (const { by, tables, needs, asItIs, allowed } of firewalls)
  test(
    `the firewall beside ${by}: what it drops passes once it is told, also after its reload`,
    needs,
    () => {
      // What the guest has started ends with it, as the processes of its namespace.
      const namespaces = ['-nmpf', '--mount-proc', '--kill-child', '--propagation', 'private'];
      const guest = join(import.meta.dirname, 'beside-host.guest.ts');
      const words = [...namespaces, process.execPath, guest, by];
      const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 300_000 });
      assert.equal(status, 0, stderr);
      const results = JSON.parse(stdout);
      assert.deepEqual({ ...results['as it is'], ...asItIs }, results['as it is']);
      assert.equal(results['untouched'], true, 'its rules are as they were');
      const [{ fields }, ...more] = results['warnings'];
      assert.deepEqual([fields.by, fields.tables, more], [by, tables, []]);
      const doc = readFileSync(join(repository, 'docs/networks.md'), 'utf8');
      assert.ok(doc.includes(`\n${fields.allow}\n`), 'docs/networks.md says it, too');
      assert.deepEqual(results['configured'], allowed);
      assert.deepEqual(results['after a reload'], allowed);
      assert.equal(results['left'], false);
      assert.equal(results['unchanged'], true, 'without networks, only its own rules are there');
    },
  );
