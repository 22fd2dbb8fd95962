import { asText, type Knob, oneFile, orMax, requireWithin } from '../knobs.ts';

const most = 2 ** 31 - 1;

function bound(name: string, key: 'maxDescendants' | 'maxDepth', file: string): Knob {
  return {
    name: `cgroup.${name}`,
    controller: 'cgroup',
    requested: ({ cgroup }) => asText(cgroup[key]),
    v1: null,
    v2: oneFile(file, ({ cgroup }) => orMax(cgroup[key])),
    check({ cgroup }) {
      if (cgroup[key] !== -1) requireWithin(`cgroup.${name}`, cgroup[key], [0, most], ', or -1 for no limit');
    },
  };
}

/** How many cgroups there may be in the container's, and how deep. Each exec has one. */
export const coreKnobs: readonly Knob[] = [
  bound('max_descendants', 'maxDescendants', 'cgroup.max.descendants'),
  bound('max_depth', 'maxDepth', 'cgroup.max.depth'),
];
