import { type Knob, oneFile, orMax, wholeNumberOrNone } from '../knobs.ts';

function bound(name: string, key: 'maxDescendants' | 'maxDepth', file: string): Knob {
  return {
    name: `cgroup.${name}`,
    controller: 'cgroup',
    ...wholeNumberOrNone(({ cgroup }) => cgroup[key], [0, 2 ** 31 - 1, 5]),
    v1: null,
    v2: oneFile(file, ({ cgroup }) => orMax(cgroup[key])),
  };
}

/** Limits how many cgroups are nested in the container's, and how deep. Each exec has one. */
export const coreKnobs: readonly Knob[] = [
  bound('max_descendants', 'maxDescendants', 'cgroup.max.descendants'),
  bound('max_depth', 'maxDepth', 'cgroup.max.depth'),
];
