import {
  cloneFlag,
  type LaunchSettings,
  mountAttr,
  notHeld,
  type Step,
} from '../../daemon/kernel/plan/steps.ts';

const { RDONLY, NOSUID, NODEV, NOEXEC } = mountAttr;
const recursivePrivate = 0x4000 | 0x40000;
export const privateNamespaces =
  cloneFlag.mount | cloneFlag.uts | cloneFlag.ipc | cloneFlag.pid | cloneFlag.network;
/** Docker's default set, as bits. */
export const defaultCapabilities = 0xa80425fbn;

export function settings(changes: Partial<LaunchSettings> = {}): LaunchSettings {
  return {
    cloneFlags: privateNamespaces,
    cgroup2: '',
    tty: false,
    openStdin: false,
    columns: 80,
    rows: 24,
    xPixels: 0,
    yPixels: 0,
    joinMain: 0,
    joinPid: null,
    window: 0,
    ...changes,
  };
}

export interface ContainerOptions {
  /** Where the root is mounted, and its source. */
  readonly at: string;
  readonly source: string;
  readonly args: readonly string[];
  readonly env?: readonly string[];
  readonly tty?: boolean;
  readonly init?: boolean;
  /** Whose pid namespace is joined. */
  readonly pidOf?: { readonly pid: number; readonly startTime: string };
  readonly uid?: number;
  readonly gid?: number;
  /** Without it, Docker's default set. */
  readonly capabilities?: bigint;
  /** Steps between the mounts and pivot, and between pivot and stdio. */
  readonly beforePivot?: readonly Step[];
  readonly afterPivot?: readonly Step[];
  /** Steps right before exec. */
  readonly last?: readonly Step[];
}

export function mount(
  type: string,
  target: string,
  attributes: number,
  options: readonly (readonly [string, string | null])[] = [],
): Step {
  return {
    step: 'mount',
    type,
    source: type,
    target,
    attributes,
    options,
    create: 'directory',
    optional: false,
  };
}

export function bind(source: string, target: string, changes: Partial<Step & { step: 'bind' }> = {}): Step {
  return {
    step: 'bind',
    source,
    target,
    recursive: true,
    attributes: 0,
    topOnly: false,
    propagation: 0,
    map: notHeld,
    create: 'directory',
    optional: false,
    ...changes,
  };
}

const nodes: readonly (readonly [string, number, number])[] = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
];

const links: readonly (readonly [string, string])[] = [
  ['/dev/ptmx', 'pts/ptmx'],
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
];

export function devSteps(): Step[] {
  return [
    mount('tmpfs', '/dev', NOSUID, [
      ['mode', '755'],
      ['size', '65536k'],
    ]),
    ...nodes.map(
      ([name, major, minor]): Step => ({
        step: 'device',
        target: `/dev/${name}`,
        type: 'c',
        major,
        minor,
        mode: 0o666,
        uid: 0,
        gid: 0,
      }),
    ),
    mount('devpts', '/dev/pts', NOSUID | NOEXEC, [
      ['newinstance', null],
      ['ptmxmode', '0666'],
      ['mode', '0620'],
      ['gid', '5'],
    ]),
    mount('mqueue', '/dev/mqueue', NOSUID | NODEV | NOEXEC),
    mount('tmpfs', '/dev/shm', NOSUID | NODEV | NOEXEC, [['mode', '1777']]),
    ...links.map(([target, to]): Step => ({ step: 'symlink', target, to })),
  ];
}

const masked = ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/scsi', '/sys/firmware', '/proc/acpi'];
const readOnly = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The steps after pivot: user, capabilities, exec. */
export function programSteps(options: ContainerOptions): Step[] {
  const set = options.capabilities ?? defaultCapabilities;
  const own = options.uid ? 0n : set;
  return [
    { step: 'stdio' },
    { step: 'rlimit', resource: 7, soft: '1024', hard: '1024' },
    { step: 'umask', mask: 0o022 },
    { step: 'cwd', path: '/', create: true },
    { step: 'groups', gids: [options.gid ?? 0] },
    { step: 'bounding', set },
    { step: 'user', uid: options.uid ?? 0, gid: options.gid ?? 0 },
    { step: 'capabilities', effective: own, permitted: own, inheritable: 0n, ambient: 0n },
    ...(options.last ?? []),
    ...(options.init ? [{ step: 'init' } as const] : []),
    { step: 'exec', args: options.args, env: options.env ?? ['PATH=/bin', 'TERM=xterm'] },
  ];
}

/** 65536 ids from here on are those of a user namespace in tests. */
export const idStart = 1_000_000;
export const runs = [{ inside: 0, outside: idStart, count: 65536 }];
/** Root inside, on the host. */
export const innerRoot = { uid: idStart, gid: idStart };

export function take(source: string, changes: Partial<Step & { step: 'take' }> = {}): Step {
  return {
    step: 'take',
    source,
    recursive: false,
    attributes: 0,
    topOnly: false,
    propagation: recursivePrivate,
    map: 0,
    optional: false,
    ...changes,
  };
}

/** Steps of a container in a user namespace of its own. Its root is an overlay of `source`, with the layer in `layer`. */
export function userNamespaceSteps(
  options: ContainerOptions & { readonly layer: string; readonly leading?: readonly Step[] },
): Step[] {
  const nodesByName = nodes.map(([name, major, minor]) => ({
    name,
    type: 'c' as const,
    major,
    minor,
    mode: 0o666,
    uid: innerRoot.uid,
    gid: innerRoot.gid,
  }));
  const inside = containerSteps(options).filter(
    ({ step, ...fields }) =>
      !['root-bind', 'device'].includes(step) && !('target' in fields && fields.target === '/dev'),
  );
  const [cgroup, propagation, ...rest] = inside;
  return [
    ...(options.leading ?? []),
    { step: 'chdir', path: options.at },
    { step: 'id-map', uids: runs, gids: runs },
    take(options.source),
    take(options.layer),
    {
      step: 'take-overlay',
      at: options.at,
      lowers: [1],
      names: [],
      layer: 2,
      volatile: false,
      ...innerRoot,
      userXattr: false,
      attributes: 0,
      below: '',
      folder: '',
      needs: [],
    },
    { step: 'take-devices', ...innerRoot, size: '64k', nodes: nodesByName },
    { step: 'stream-owner', ...innerRoot },
    { step: 'enter-user', namespace: 0 },
    ...(cgroup && propagation ? [cgroup, propagation] : []),
    { step: 'place-root', tree: 3 },
    { step: 'place', tree: 4, target: '/dev', optional: false },
    ...rest,
  ];
}

/** All steps of a usual container. */
export function containerSteps(options: ContainerOptions): Step[] {
  const terminal: Step[] = options.tty
    ? [{ step: 'terminal', console: true, uid: options.uid ?? 0, gid: 5 }]
    : [];
  return [
    { step: 'unshare', flags: cloneFlag.cgroup },
    { step: 'propagation', flags: recursivePrivate },
    {
      step: 'root-bind',
      at: options.at,
      source: options.source,
      readOnly: false,
      overlay: '',
      needs: [],
      below: [],
    },
    options.pidOf
      ? { step: 'proc-of', ...options.pidOf, attributes: NOSUID | NODEV | NOEXEC }
      : mount('proc', '/proc', NOSUID | NODEV | NOEXEC),
    ...devSteps(),
    mount('sysfs', '/sys', RDONLY | NOSUID | NODEV | NOEXEC),
    ...(options.beforePivot ?? []),
    ...terminal,
    { step: 'hostname', name: 'box' },
    { step: 'loopback' },
    { step: 'pivot' },
    ...masked.map((target): Step => ({ step: 'mask', target })),
    ...readOnly.map((target): Step => ({ step: 'read-only', target })),
    ...(options.afterPivot ?? []),
    ...programSteps(options),
  ];
}
