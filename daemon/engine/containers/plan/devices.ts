import type { DeviceNode } from '../../../kernel/devices/nodes.ts';
import type { Step } from '../../../kernel/plan/steps.ts';

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
).map(([path, major, minor]) => ({ path, type: 'c', major, minor, mode: 0o666, uid: 0, gid: 0 }));

const links: readonly (readonly [string, string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
];

/** The nodes and links of /dev; `more` are the host's own, for a privileged container. */
export function deviceSteps(more: readonly DeviceNode[]): Step[] {
  const known = new Set(standard.map((node) => node.path));
  const nodes = [...standard, ...more.filter((node) => !known.has(node.path))];
  return [
    ...nodes.map(({ path, ...node }): Step => ({ step: 'device', target: path, ...node })),
    ...links.map(([target, to]): Step => ({ step: 'symlink', target, to })),
  ];
}
