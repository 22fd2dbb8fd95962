import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Packages } from './packages.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-packages-'));
after(() => rmSync(folder, { recursive: true }));

const packages = {
  tool: {
    fields: 'Depends: libone (>= 1), virtual | libtwo, dpkg\nRecommends: extra, helper (>= 2) | other',
    files: ['/bin/tool'],
  },
  'tool-bin': { fields: 'Pre-Depends: libone', files: ['/usr/bin/snake'] },
  snake: { fields: 'Depends: tool-bin:any, modules', files: ['/usr/lib/snake/start.py'] },
  modules: { fields: 'Depends: snake', files: ['/usr/lib/snake/json.py'] },
  libone: {
    fields: 'Multi-Arch: same\nRecommends: extra, ca-certificates\nDescription: one\n more: of it',
    files: ['/lib/x/libone.so'],
  },
  provider: { fields: 'Provides: virtual (= 3), other-virtual', files: ['/usr/share/provider/data'] },
  libtwo: { fields: '', files: ['/lib/libtwo.so'] },
  extra: { fields: '', files: ['/usr/bin/extra'] },
  dpkg: { fields: '', files: ['/usr/bin/dpkg'] },
  libssl3: { fields: '', files: ['/usr/lib/x/libssl.so.3'] },
};

const paragraph = (name: string, fields: string) =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\n${fields}`.trimEnd();

mkdirSync(join(folder, 'info'));
const removed = 'Package: helper\nStatus: deinstall ok config-files\nArchitecture: amd64';
const status = Object.entries(packages).map(([name, { fields }]) => paragraph(name, fields));
writeFileSync(join(folder, 'status'), `${[...status, removed].join('\n\n')}\n`);
for (const [name, { fields, files }] of Object.entries(packages)) {
  const list = fields.includes('Multi-Arch: same') ? `${name}:amd64` : name;
  writeFileSync(join(folder, 'info', `${list}.list`), `/.\n/usr\n${files.join('\n')}\n`);
}

const records = new Packages(folder);

test('the owner of a file is found by its old path and by its path in a merged /usr', () => {
  assert.deepEqual(records.ownersOf(['/usr/bin/tool']), ['tool']);
  assert.deepEqual(records.ownersOf(['/bin/snake', '/usr/lib/x/libone.so']), ['tool-bin', 'libone']);
  assert.deepEqual(records.ownersOf(['/usr/bin/too', '/opt/tool']), []);
});

test('a package includes its dependencies, its recommendations, and data packages that those recommend', () => {
  const { packages: found, paths, lacking } = records.closureOf(['tool'], 'tool');
  assert.deepEqual(found, ['tool', 'libone', 'provider', 'extra']);
  assert.deepEqual(lacking, ['ca-certificates', 'helper']);
  for (const path of ['/bin/tool', '/lib/x/libone.so', '/usr/share/provider/data', '/usr/bin/extra'])
    assert.ok(paths.includes(path), path);
  assert.ok(!paths.includes('/usr/bin/dpkg'));
});

test('the package named like the program is included if it depends on the package that has the file', () => {
  assert.deepEqual(records.closureOf(['tool-bin'], 'snake').packages, [
    'tool-bin',
    'libone',
    'snake',
    'modules',
  ]);
  assert.deepEqual(records.closureOf(['libtwo'], 'snake').packages, ['libtwo']);
});

test('a program that uses TLS needs certificates, and a message says so if there are none', () => {
  assert.deepEqual(records.closureOf(['libssl3'], 'x').lacking, ['ca-certificates']);
});

test('without package records there are no packages', () => {
  const none = new Packages(join(folder, 'none'));
  assert.ok(none.isEmpty);
  assert.deepEqual(none.ownersOf(['/usr/bin/tool']), []);
  assert.deepEqual(none.closureOf([], 'tool'), { packages: [], paths: [], lacking: [] });
});
