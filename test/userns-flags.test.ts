// Each flag of `run` that touches the kernel does the same in each user-namespace mode, seen from inside and from the host.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { suite } from './harness/suite.ts';
import { modes } from './hostile/modes.ts';
import { workFolder } from './hostile/root.ts';
import { Case, type Row } from './userns-flags/case.ts';
import { cgroups } from './userns-flags/cgroups.ts';
import { devices } from './userns-flags/devices.ts';
import { life } from './userns-flags/life.ts';
import { mounts } from './userns-flags/mounts.ts';
import { namespaces } from './userns-flags/namespaces.ts';
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

for (const mode of modes)
  for (const [name, rows] of Object.entries(tables))
    describe(`--userns ${mode.userns}: ${name}`, { concurrency: 2 }, () => {
      for (const [index, [flags, effect]] of rows.entries())
        test(flags, () => {
          const folder = join(work, `${mode.userns}-${name}-${index}`);
          mkdirSync(folder);
          return effect(new Case(s, mode, folder));
        });
    });
