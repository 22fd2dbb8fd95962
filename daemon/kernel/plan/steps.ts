/**
 * The launch plan: what the shim does between clone and exec, one step after the other, all values
 * resolved. The kinds and the order of the fields are the contract with native/include/steps.def.
 * Paths called `target` are inside the new root; all other paths are the host's.
 */

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

/** Clone flags of namespaces, as of clone(2). */
export const cloneFlag = {
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  pid: 0x20000000,
  network: 0x40000000,
} as const;

/** Kind of a missing mount target that a step makes. */
export type Create = 'none' | 'directory' | 'file';

export type Step =
  /** setns(2) into one namespace of a process. */
  | {
      readonly step: 'join-namespace';
      readonly flag: number;
      readonly pid: number;
      readonly startTime: string;
    }
  /** setns(2) into a namespace that a file of the host's stands for. */
  | { readonly step: 'join-path'; readonly flag: number; readonly path: string }
  /** v1: writes 0 to the file `tasks`, which moves the writer alone and so takes no global lock. */
  | { readonly step: 'join-cgroup'; readonly file: string }
  | { readonly step: 'unshare'; readonly flags: number }
  | { readonly step: 'oom-score'; readonly value: number }
  /** mount(NULL, "/", NULL, flags). */
  | { readonly step: 'propagation'; readonly flags: number }
  /** Mounts an overlay at `at` and makes it the new root. `options` as for mount(2). */
  | { readonly step: 'root-overlay'; readonly at: string; readonly options: string }
  /** Binds `source` (recursively) at `at` and makes it the new root. */
  | {
      readonly step: 'root-bind';
      readonly at: string;
      readonly source: string;
      /** With all that is mounted below it. Nothing is made in it then. */
      readonly readOnly: boolean;
      /** Options of an overlay that takes its place when one of `needs` is missing. */
      readonly overlay: string;
      readonly needs: readonly string[];
      /** Mounts below the source, as paths in it, for that overlay, which shows none of them. */
      readonly below: readonly string[];
    }
  /** fsopen, fsconfig (an option without value is a flag), fsmount, move_mount. */
  | {
      readonly step: 'mount';
      readonly type: string;
      readonly source: string;
      readonly target: string;
      readonly attributes: number;
      readonly options: readonly (readonly [string, string | null])[];
      readonly create: Create;
      /** It is no error that the kernel lacks the file system (ENODEV). */
      readonly optional: boolean;
    }
  /** open_tree, mount_setattr, move_mount. */
  | {
      readonly step: 'bind';
      readonly source: string;
      readonly target: string;
      readonly recursive: boolean;
      /** MOUNT_ATTR_* to set, recursively if recursive. */
      readonly attributes: number;
      /** The attributes are not set on what is mounted below. */
      readonly topOnly: boolean;
      /** MS_PRIVATE, MS_SHARED, MS_SLAVE; 0 leaves it. With MS_REC for the r-forms. */
      readonly propagation: number;
      readonly create: Create;
      /** A missing target is no error. */
      readonly optional: boolean;
    }
  /** Binds the mount at `path` in the mount namespace of a process at the same path. MOUNT_ATTR_* to set. */
  | {
      readonly step: 'bind-of';
      readonly pid: number;
      readonly startTime: string;
      readonly path: string;
      readonly attributes: number;
      /** It is no error if it is missing, or cannot be made here. */
      readonly optional: boolean;
    }
  /**
   * Clones a mount that is shared with the host, before `propagation` cuts the namespace off; `attach` puts all of them into
   * place, after all other mounts: what is mounted below one of them is mounted on the host, too.
   */
  | {
      readonly step: 'take';
      readonly source: string;
      readonly recursive: boolean;
      readonly attributes: number;
      readonly topOnly: boolean;
      readonly propagation: number;
    }
  /** One target for each `take`, in their order. */
  | { readonly step: 'attach'; readonly targets: readonly string[] }
  /** A tmpfs for the files that follow, mounted out of the container's sight on a folder of the host, in the own namespace. */
  | { readonly step: 'file-store'; readonly at: string; readonly size: string }
  /** A file of that tmpfs, bound over `target`. It is no error that the target is missing and cannot be made. */
  | {
      readonly step: 'file';
      readonly target: string;
      readonly content: string;
      readonly attributes: number;
    }
  /** A tmpfs with each of the host's folders (a cgroup hierarchy) bound at its name, and links. MOUNT_ATTR_* to set on all. */
  | {
      readonly step: 'cgroups';
      readonly target: string;
      readonly attributes: number;
      readonly folders: readonly (readonly [name: string, source: string])[];
      readonly links: readonly (readonly [name: string, to: string])[];
    }
  /** Mounts, at /proc, the procfs of a process whose pid namespace is joined. MOUNT_ATTR_* to set. */
  | {
      readonly step: 'proc-of';
      readonly pid: number;
      readonly startTime: string;
      readonly attributes: number;
    }
  | { readonly step: 'directory'; readonly target: string; readonly mode: number }
  | { readonly step: 'symlink'; readonly target: string; readonly to: string }
  /** Made by mknod; where that is forbidden, bound from the host's node of the same path and checked. */
  | {
      readonly step: 'device';
      readonly target: string;
      readonly type: 'c' | 'b';
      readonly major: number;
      readonly minor: number;
      readonly mode: number;
    }
  /**
   * Looks the user up in the root's own passwd and group: sets the groups, and HOME unless the environment has one. The uid and gid
   * go to later steps that say `foundId`. Empty: root; a null group: the user's own, and all groups that the user is a member of.
   */
  | {
      readonly step: 'look-up-user';
      readonly user: string;
      readonly group: string | null;
      readonly moreGroups: readonly string[];
    }
  /** Opens the container's /dev/pts/ptmx, sets the size, sends the master to the shim; binds the slave at /dev/console. */
  | { readonly step: 'terminal'; readonly console: boolean; readonly uid: number; readonly gid: number }
  | { readonly step: 'hostname'; readonly name: string }
  | { readonly step: 'domainname'; readonly name: string }
  | { readonly step: 'loopback' }
  | { readonly step: 'sysctl'; readonly path: string; readonly value: string }
  | { readonly step: 'pivot' }
  | { readonly step: 'mask'; readonly target: string }
  | { readonly step: 'read-only'; readonly target: string }
  | { readonly step: 'root-read-only' }
  /** Forks: the parent becomes the init (pid 1), the child the program. It comes right before exec. */
  | { readonly step: 'init' }
  /** Makes the terminal or the pipes fd 0, 1 and 2. The session is begun by exec. */
  | { readonly step: 'stdio' }
  | { readonly step: 'rlimit'; readonly resource: number; readonly soft: string; readonly hard: string }
  | { readonly step: 'umask'; readonly mask: number }
  /** Makes the directory when it is missing, enters it, checks that it is reachable. */
  | { readonly step: 'cwd'; readonly path: string; readonly create: boolean }
  | { readonly step: 'groups'; readonly gids: readonly number[] }
  | { readonly step: 'no-new-privileges' }
  | { readonly step: 'seccomp'; readonly filter: Uint8Array }
  /** Drops from the bounding set all that is not in it. Bit sets. */
  | { readonly step: 'bounding'; readonly set: bigint }
  /** setresgid, setresuid with the capabilities kept. `foundId`: as looked up. */
  | { readonly step: 'user'; readonly uid: number; readonly gid: number }
  /** The first two sets are for root alone when the user was looked up. */
  | {
      readonly step: 'capabilities';
      readonly effective: bigint;
      readonly permitted: bigint;
      readonly inheritable: bigint;
      readonly ambient: bigint;
    }
  | { readonly step: 'exec'; readonly args: readonly string[]; readonly env: readonly string[] };

export type StepName = Step['step'];

/** Numbers on the wire to C; never reuse one. */
export const stepKind: Readonly<Record<StepName, number>> = {
  'join-namespace': 1,
  'join-cgroup': 2,
  unshare: 3,
  'oom-score': 4,
  propagation: 5,
  'root-overlay': 6,
  'root-bind': 7,
  mount: 8,
  bind: 9,
  directory: 10,
  symlink: 11,
  device: 12,
  terminal: 13,
  hostname: 14,
  domainname: 15,
  loopback: 16,
  sysctl: 17,
  pivot: 18,
  mask: 19,
  'read-only': 20,
  'root-read-only': 21,
  init: 22,
  stdio: 23,
  rlimit: 24,
  umask: 25,
  cwd: 26,
  groups: 27,
  'no-new-privileges': 28,
  seccomp: 29,
  bounding: 30,
  user: 31,
  capabilities: 32,
  exec: 33,
  'bind-of': 34,
  'join-path': 35,
  cgroups: 36,
  'proc-of': 37,
  'look-up-user': 38,
  'file-store': 40,
  file: 41,
  take: 42,
  attach: 43,
};

/** Stands for the uid and the gid that are looked up: nobody's, as 2^32 - 1 means "none" to the kernel. */
export const foundId = 0xffff_ffff;

/** What the shim needs to know beside the steps. */
export interface LaunchSettings {
  /** Namespaces that clone3 makes (clone flags without the cgroup namespace, which is a step). */
  readonly cloneFlags: number;
  /** v2 cgroup for CLONE_INTO_CGROUP; empty for none. */
  readonly cgroup2: string;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly xPixels: number;
  readonly yPixels: number;
  /**
   * Join the namespaces of the container's first process before the steps (an exec). Clone flags; 0 for none.
   */
  readonly joinMain: number;
  /** Join this process's pid namespace before clone (--pid container:X); null for none. */
  readonly joinPid: { readonly pid: number; readonly startTime: string } | null;
  /** Until how far each output stream may be read: 0 for no bound, else bytes (a client that must lose nothing). */
  readonly window: number;
}

/** What the shim of a container needs to know once. */
export interface ShimSettings {
  readonly containerId: string;
  /** Folder of the run state: the shim makes shim.sock and exit records there. */
  readonly runDir: string;
  /** Folder of the log segments; empty for no log. */
  readonly logDir: string;
  readonly logSegmentBytes: number;
  readonly logSegments: number;
  /** Bytes of the replay ring of one stream; a power of two. */
  readonly ringBytes: number;
  /** memory.events of the container's cgroup, or v1's memory.oom_control; empty for none. */
  readonly oomFile: string;
}

export interface Launch {
  readonly settings: LaunchSettings;
  readonly steps: readonly Step[];
}
