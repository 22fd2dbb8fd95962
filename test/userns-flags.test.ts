// Each flag of `run` that touches the kernel does the same in each user-namespace mode, seen from inside and from the host.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { containerFlags } from '../client/request/flags.ts';
import { resourceFlags } from '../client/request/resource-flags.ts';
import { suite } from './harness/suite.ts';
import { modes } from './hostile/modes.ts';
import { workFolder } from './hostile/root.ts';
import { Case, type Row } from './userns-flags/case.ts';
import { cgroups } from './userns-flags/cgroups.ts';
import { devices } from './userns-flags/devices.ts';
import { life } from './userns-flags/life.ts';
import { mounts } from './userns-flags/mounts.ts';
import { namespaces } from './userns-flags/namespaces.ts';
import { networks } from './userns-flags/networks.ts';
import { users } from './userns-flags/users.ts';

const s = suite({ helpers: ['asker'], programs: ['ip', 'unshare'] });
const work = workFolder();
const tables: Readonly<Record<string, readonly Row[]>> = {
  users,
  devices,
  namespaces,
  mounts,
  cgroups,
  life,
};

/** What likerd and likerctl do by themselves. */
const notOfTheKernel = ['cidfile', 'expose', 'label-file', 'limits', 'log-opt', 'name', 'pidfile', 'replace'];
/** Needs a file system with project quotas: test/storage-opt.test.ts has it, in each mode. */
const ofFileSystems = ['storage-opt'];
/** Has tests of its own, in each mode. */
const ofNetworks = ['egress'];
/** likerd writes limits to groups of the host before the container is born; test/effects proves each. */
const limits = resourceFlags.map(({ name }) => name);

test('each flag of run that touches the kernel has a row', () => {
  // Those of networks are in test/network-flags.test.ts.
  const titles = [...Object.values(tables).flat(), ...networks].map(([flags]) => flags);
  const hasRow = (name: string) => titles.some((title) => new RegExp(`--${name}(?![\\w-])`).test(title));
  const names = containerFlags.map(({ name }) => name).filter((name) => !name.startsWith('health-'));
  const elsewhere = [...notOfTheKernel, ...limits, ...ofFileSystems, ...ofNetworks, 'no-healthcheck'];
  assert.deepEqual(
    names.filter((name) => !elsewhere.includes(name) && !hasRow(name)),
    [],
  );
});

for (const mode of modes)
  for (const [name, rows] of Object.entries(tables))
    describe(`--userns ${mode.userns}: ${name}`, { concurrency: 2 }, () => {
      for (const [index, [flags, effect]] of rows.entries())
        test(flags, (t) => {
          const folder = join(work, `${mode.userns}-${name}-${index}`);
          mkdirSync(folder);
          return effect(new Case(s, mode, folder), t);
        });
    });
