import { readFileSync } from 'node:fs';
import { parseHierarchies } from '../../daemon/kernel/cgroup/mounts.ts';
import { requires } from '../../test/harness/requires.ts';

const hierarchies = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
const mountPointOf = (found: (typeof hierarchies)[number] | undefined): string => found?.mountPoint ?? '';

/** Where cgroup v2 is mounted; empty: nowhere. */
export const unified = mountPointOf(hierarchies.find(({ version }) => version === 2));
/** Where the v1 controller pids is mounted; empty: nowhere, as on a machine with cgroup v2 alone. */
export const pidsHierarchy = mountPointOf(
  hierarchies.find(({ version, controllers }) => version === 1 && controllers.includes('pids')),
);

export const needsUnified = requires('cgroup v2', unified !== '');
export const needsBoth = requires(
  'cgroup v2 and the v1 controller pids beside it',
  unified !== '' && pidsHierarchy !== '',
);
