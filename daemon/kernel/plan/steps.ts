import {
  bool,
  bytes,
  decimal,
  type Field,
  type Fields,
  list,
  pair,
  size,
  str,
  u32,
  u64,
  type Values,
  word,
} from './fields.ts';

/** Mount attributes, as of mount_setattr(2): MOUNT_ATTR_*. */
export const mountAttr = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  RELATIME: 0,
  NOATIME: 0x10,
  STRICTATIME: 0x20,
  /** All bits of the three above, which exclude each other. */
  ATIME: 0x70,
  NODIRATIME: 0x80,
  NOSYMFOLLOW: 0x200000,
} as const;

/** Propagation flags of mount(2): MS_*. */
export const ms = {
  REC: 0x4000,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
} as const;

/** Clone flags of namespaces, as of clone(2). */
export const cloneFlag = {
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  pid: 0x20000000,
  network: 0x40000000,
} as const;

/** Whether a missing mount target is made, and as what. */
const create = word(['none', 'directory', 'file']);

/** An option without value is a flag. */
const mountOption: Field<readonly [key: string, value: string | null]> = (w, [key, value]) => {
  bool(w, value !== null);
  w.str(key);
  w.str(value ?? '');
};

const textOrNone: Field<string | null> = (w, value) => {
  bool(w, value !== null);
  w.str(value ?? '');
};

/**
 * The launch plan: what the shim does between clone and exec, one step after the other, all values resolved. Each step has a
 * number, never used again for another step, and fields: number, order and encoding are the contract with native/include/steps.def.
 * Paths called `target` are inside the new root; all other paths are the host's. `attributes` are MOUNT_ATTR_* to set.
 */
export const steps = {
  /** setns(2) into one namespace of a process. */
  'join-namespace': [1, { flag: u32, pid: u32, startTime: decimal }],
  /** v1: writes 0 to the file `tasks`, which moves the writer alone and so takes no global lock. */
  'join-cgroup': [2, { file: str }],
  unshare: [3, { flags: u32 }],
  'oom-score': [4, { value: u32 }],
  /** mount(NULL, "/", NULL, flags). */
  propagation: [5, { flags: u32 }],
  /** Mounts an overlay at `at` and makes it the new root. `options` as for mount(2). */
  'root-overlay': [6, { at: str, options: str }],
  /** Binds `source` (recursively) at `at` and makes it the new root. */
  'root-bind': [
    7,
    {
      at: str,
      source: str,
      /** With all that is mounted below it. Nothing is made in it then. */
      readOnly: bool,
      /** Options of an overlay that takes its place when one of `needs` is missing. */
      overlay: str,
      needs: list(str),
      /** Mounts below the source, as paths in it, for that overlay, which shows none of them. */
      below: list(str),
    },
  ],
  /** fsopen, fsconfig, fsmount, move_mount. */
  mount: [
    8,
    {
      type: str,
      source: str,
      target: str,
      attributes: u32,
      create,
      /** It is no error that the kernel lacks the file system (ENODEV). */
      optional: bool,
      options: list(mountOption),
    },
  ],
  /** open_tree, mount_setattr, move_mount. */
  bind: [
    9,
    {
      source: str,
      target: str,
      recursive: bool,
      /** Set recursively if recursive. */
      attributes: u32,
      /** The attributes are not set on what is mounted below. */
      topOnly: bool,
      /** MS_PRIVATE, MS_SHARED, MS_SLAVE; 0 leaves it. With MS_REC for the r-forms. */
      propagation: u32,
      create,
      /** A missing target is no error. */
      optional: bool,
    },
  ],
  directory: [10, { target: str, mode: u32 }],
  symlink: [11, { target: str, to: str }],
  /** Made by mknod; where that is forbidden, bound from the host's node of the same path and checked. */
  device: [12, { target: str, type: word(['c', 'b']), major: u32, minor: u32, mode: u32 }],
  /** Opens the container's /dev/pts/ptmx, sets the size, sends the master to the shim; binds the slave at /dev/console. */
  terminal: [13, { console: bool, uid: u32, gid: u32 }],
  hostname: [14, { name: str }],
  domainname: [15, { name: str }],
  loopback: [16, {}],
  sysctl: [17, { path: str, value: str }],
  pivot: [18, {}],
  mask: [19, { target: str }],
  'read-only': [20, { target: str }],
  'root-read-only': [21, {}],
  /** Forks: the parent becomes the init (pid 1), the child the program. It comes right before exec. */
  init: [22, {}],
  /** Makes the terminal or the pipes fd 0, 1 and 2. The session is begun by exec. */
  stdio: [23, {}],
  rlimit: [24, { resource: u32, soft: decimal, hard: decimal }],
  umask: [25, { mask: u32 }],
  /** Makes the directory when it is missing, enters it, checks that it is reachable. */
  cwd: [26, { path: str, create: bool }],
  groups: [27, { gids: list(u32) }],
  'no-new-privileges': [28, {}],
  seccomp: [29, { filter: bytes }],
  /** Drops from the bounding set all that is not in it. Bit sets. */
  bounding: [30, { set: u64 }],
  /** setresgid, setresuid with the capabilities kept. `foundId`: as looked up. */
  user: [31, { uid: u32, gid: u32 }],
  /** The first two sets are for root alone when the user was looked up. */
  capabilities: [32, { effective: u64, permitted: u64, inheritable: u64, ambient: u64 }],
  exec: [33, { args: list(str), env: list(str) }],
  /** Binds the mount at `path` in the mount namespace of a process at the same path. `optional`: if it is missing, or cannot be made here. */
  'bind-of': [34, { pid: u32, startTime: decimal, path: str, attributes: u32, optional: bool }],
  /** setns(2) into a namespace that a file of the host's stands for. */
  'join-path': [35, { flag: u32, path: str }],
  /** A tmpfs with each of the host's folders (a cgroup hierarchy) bound at its name, and links. */
  cgroups: [36, { target: str, attributes: u32, folders: list(pair), links: list(pair) }],
  /** Mounts, at /proc, the procfs of a process whose pid namespace is joined. */
  'proc-of': [37, { pid: u32, startTime: decimal, attributes: u32 }],
  /**
   * Looks the user up in the root's own passwd and group: sets the groups, and HOME unless the environment has one. The uid and gid
   * go to later steps that say `foundId`. Empty: root; a null group: the user's own, and all groups that the user is a member of.
   */
  'look-up-user': [38, { user: str, group: textOrNone, moreGroups: list(str) }],
  /** A tmpfs for the files that follow, mounted out of the container's sight on a folder of the host, in the own namespace. */
  'file-store': [40, { at: str, size: str }],
  /** A file of that tmpfs, bound over `target`. It is no error that the target is missing and cannot be made. */
  file: [41, { target: str, content: str, attributes: u32 }],
  /**
   * Clones a mount that is shared with the host, before `propagation` cuts the namespace off; `attach` puts all of them into
   * place, after all other mounts: what is mounted below one of them is mounted on the host, too.
   */
  take: [42, { source: str, recursive: bool, attributes: u32, topOnly: bool, propagation: u32 }],
  /** One target for each `take`, in their order. */
  attach: [43, { targets: list(str) }],
} satisfies Readonly<Record<string, readonly [kind: number, fields: Fields]>>;

export type StepName = keyof typeof steps;

export type Step = {
  [Name in StepName]: { readonly step: Name } & Values<(typeof steps)[Name][1]>;
}[StepName];

/** The number of a step. */
export function stepKind(name: StepName): number {
  return steps[name][0];
}

/** Stands for the uid and the gid that are looked up: nobody's, as 2^32 - 1 means "none" to the kernel. */
export const foundId = 0xffff_ffff;

const processOrNone: Field<{ readonly pid: number; readonly startTime: string } | null> = (w, value) => {
  w.u32(value?.pid ?? 0);
  decimal(w, value?.startTime ?? '0');
};

/** What the shim needs to know beside the steps. */
export const launchSettings = {
  /** Namespaces that clone3 makes (clone flags without the cgroup namespace, which is a step). */
  cloneFlags: u32,
  /** v2 cgroup for CLONE_INTO_CGROUP; empty for none. */
  cgroup2: str,
  tty: bool,
  openStdin: bool,
  columns: u32,
  rows: u32,
  xPixels: u32,
  yPixels: u32,
  /** Join the namespaces of the container's first process before the steps (an exec). Clone flags; 0 for none. */
  joinMain: u32,
  /** Join this process's pid namespace before clone (--pid container:X). */
  joinPid: processOrNone,
  /** Until how far each output stream may be read: 0 for no bound, else bytes (a client that must lose nothing). */
  window: size,
};
export interface LaunchSettings extends Values<typeof launchSettings> {}

/** What the shim of a container needs to know once. */
export const shimSettings = {
  containerId: str,
  /** Folder of the run state: the shim makes shim.sock and exit records there. */
  runDir: str,
  /** Folder of the log segments; empty for no log. */
  logDir: str,
  logSegmentBytes: size,
  logSegments: u32,
  /** Bytes of the replay ring of one stream; a power of two. */
  ringBytes: u32,
  /** memory.events of the container's cgroup, or v1's memory.oom_control; empty for none. */
  oomFile: str,
};
export interface ShimSettings extends Values<typeof shimSettings> {}

export interface Launch {
  readonly settings: LaunchSettings;
  readonly steps: readonly Step[];
}
