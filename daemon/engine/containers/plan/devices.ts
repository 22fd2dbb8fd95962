import type { DeviceNode } from '../../../kernel/devices/nodes.ts';
import type { Step } from '../../../kernel/plan/steps.ts';
import { bindStep } from './mounts.ts';

/** The devices of the OCI specification (config-linux.md, "Default Devices"). */
const standard: readonly DeviceNode[] = (
  [
    ['/dev/null', 1, 3],
    ['/dev/zero', 1, 5],
    ['/dev/full', 1, 7],
    ['/dev/random', 1, 8],
    ['/dev/urandom', 1, 9],
    ['/dev/tty', 5, 0],
  ] as const
).map(([path, major, minor]) => ({
  path,
  hostPath: path,
  type: 'c',
  major,
  minor,
  mode: 0o666,
  uid: 0,
  gid: 0,
}));

const links: readonly (readonly [string, string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
];

/**
 * The nodes and links of /dev, and `more` of the host. Only the host's root makes nodes: for others the step shows that of the host of the
 * same path, and one that is elsewhere in the container is a bind.
 */
export function deviceSteps(more: readonly DeviceNode[], isRootOnHost: boolean): Step[] {
  const known = new Set(standard.map((node) => node.path));
  const nodes = [...standard, ...more.filter((node) => !known.has(node.path))];
  return [
    ...nodes.map(({ path, hostPath, ...node }): Step => {
      if (isRootOnHost || path === hostPath) return { step: 'device', target: path, ...node };
      return bindStep({ source: hostPath, target: path, recursive: false });
    }),
    ...links.map(([target, to]): Step => ({ step: 'symlink', target, to })),
  ];
}
