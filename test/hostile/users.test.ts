// Who a program is: never another user, and in no group less.
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, chownSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostileSuite, inBothModes } from './modes.ts';
import { hostileRoot, workFolder } from './root.ts';

const s = hostileSuite();
const work = workFolder();
let made: Promise<string> | undefined;
const rootWithAccounts = () => (made ??= makeRoot());

async function makeRoot(): Promise<string> {
  const root = await hostileRoot(s, join(work, 'root'));
  appendFileSync(join(root, 'etc/passwd'), '1234:x:0:0::/root:/bin/sh\nann:x:1234:5678::/:/bin/sh\n');
  appendFileSync(join(root, 'etc/group'), '5678:x:0:\n');
  // Everyone may read it but the members of a group.
  writeFileSync(join(root, 'kept-from-5678'), 'secret');
  chmodSync(join(root, 'kept-from-5678'), 0o604);
  chownSync(join(root, 'kept-from-5678'), 0, 5678);
  const cat = join(root, 'usr/bin/cat-of-99');
  copyFileSync(join(root, 'usr/bin/cat'), cat);
  chownSync(cat, 0, 99);
  chmodSync(cat, 0o2755);
  return root;
}

const script = 'id -g; grep Groups /proc/self/status; cat-of-99 /kept-from-5678 2>&1 || true';
const expected = /^5678\nGroups:\t(?:\d+ )*5678 (?:\d+ )*\n.*Permission denied$/;

inBothModes(
  'CVE-2022-36109: no program leaves the group of its user through a set-group-id program',
  async ({ flags }) => {
    const root = await rootWithAccounts();
    const id = await s.ok(['run', '-d', ...flags, root, 'sleep', '100000']);
    for (const user of ['ann', '1234:5678', '4321:5678'])
      for (const more of [[], ['--group-add', '7']]) {
        const ran = await s.ok(['run', '--rm', ...flags, '-u', user, ...more, root, 'sh', '-c', script]);
        assert.match(ran, expected, user);
        assert.match(await s.ok(['exec', '-u', user, id, 'sh', '-c', script]), expected, user);
      }
    await s.ok(['rm', '-f', id]);
  },
);

inBothModes(
  'CVE-2016-3697: a user or group of digits is a number, whatever /etc/passwd calls so',
  async ({ flags }) => {
    const root = await rootWithAccounts();
    const id = await s.ok(['run', '-d', ...flags, root, 'sleep', '100000']);
    for (const [user, ids] of [
      ['1234', '1234 5678'],
      ['1234:5678', '1234 5678'],
      ['0:5678', '0 5678'],
    ] as const) {
      const ask = ['sh', '-c', 'echo $(id -u) $(id -g)'];
      assert.equal(await s.ok(['run', '--rm', ...flags, '-u', user, root, ...ask]), ids);
      assert.equal(await s.ok(['exec', '-u', user, id, ...ask]), ids);
    }
    await s.ok(['rm', '-f', id]);
  },
);
