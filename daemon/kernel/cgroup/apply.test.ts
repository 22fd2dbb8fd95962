import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { limitsOf } from '../../engine/containers/model/resources.ts';
import { checkResources } from './apply.ts';
import type { Layout, Place } from './layout.ts';

/** A cgroup v2 whose root offers these controllers. likerd's parent has none. */
function layout(t: TestContext, offered: string): Layout {
  const mountPoint = mkdtempSync(join(tmpdir(), 'liker-apply-'));
  t.after(() => rmSync(mountPoint, { recursive: true }));
  writeFileSync(join(mountPoint, 'cgroup.controllers'), offered);
  const parent = join(mountPoint, 'liker');
  const place: Place = { key: 'v2', version: 2, controllers: [], offered: [], mountPoint, parent };
  return {
    kind: 'v2',
    places: [place],
    tracking: place,
    problems: new Map(),
    delegation: null,
    seen: new Set(),
  };
}

for (const [what, offered, message] of [
  [
    'that the kernel lacks is to be left out',
    'cpu io\n',
    /: the kernel does not offer it, according to \/.*\/cgroup\.controllers; leave it out, or use --limits best-effort$/,
  ],
  [
    'that is not enabled all the way down is to be enabled',
    'cpu cpuset\n',
    /: it is not enabled in the cgroups above \/.*\/liker; enable it down to \/.*\/liker \(in a service of systemd: Delegate=yes\)$/,
  ],
] as const)
  test(`on v2, the limit of a controller ${what}`, (t) => {
    const limits = limitsOf({ cpu: { cpusetCpus: '0' } });
    const target = { layout: layout(t, offered), folderIn: () => '', fresh: true, mode: 'strict' } as const;
    assert.throws(() => checkResources(limits, target), { reason: 'CGROUP_CONTROLLER_MISSING', message });
  });

test("v2's core is to be mounted beside the hierarchies of v1", (t) => {
  const limits = limitsOf({ network: { priority: 6 } });
  const v1: Layout = { ...layout(t, ''), kind: 'v1', places: [] };
  assert.throws(
    () => checkResources(limits, { layout: v1, folderIn: () => '', fresh: true, mode: 'strict' }),
    {
      reason: 'CGROUP_CONTROLLER_MISSING',
      message:
        /: cgroup v2 is missing: it is not mounted, according to \/proc\/self\/mountinfo; mount it: .* \/sys\/fs\/cgroup\/unified$/,
    },
  );
});
