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
  /** The mask of the three above, which exclude each other. */
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
  user: 0x10000000,
  pid: 0x20000000,
  network: 0x40000000,
} as const;

/** Whether to make a missing mount target, and as what. */
const create = word(['none', 'directory', 'file']);

/** An option without a value is a flag. */
const mountOption: Field<readonly [key: string, value: string | null]> = (w, [key, value]) => {
  bool(w, value !== null);
  w.str(key);
  w.str(value ?? '');
};

/** LANDLOCK_ACCESS_FS_* that are allowed below a path. */
const allowedPath: Field<readonly [path: string, access: bigint]> = (w, [path, access]) => {
  w.str(path);
  w.u64(access);
};

/** LANDLOCK_ACCESS_NET_* that are allowed on a port. */
const allowedPort: Field<readonly [port: number, access: bigint]> = (w, [port, access]) => {
  w.u64(BigInt(port));
  w.u64(access);
};

const textOrNone: Field<string | null> = (w, value) => {
  bool(w, value !== null);
  w.str(value ?? '');
};

/**
 * A request of netlink(7), with its header, in the container's namespace if `inside`, else in likerd's. `link`: the interface there whose index stands at the beginning of the
 * fixed structure, 4 bytes behind the header's end; empty: the bytes have it. `intoNamespace`: the last four bytes are to be an fd of
 * the container's namespace. `words`: what it makes, for an error.
 */
const netlinkRequest: Field<{
  readonly words: string;
  readonly inside: boolean;
  readonly link: string;
  readonly intoNamespace: boolean;
  readonly bytes: Uint8Array;
}> = (w, request) => {
  w.str(request.words);
  bool(w, request.inside);
  w.str(request.link);
  bool(w, request.intoNamespace);
  w.bytes(request.bytes);
};

const idRuns = list<IdRun>((w, run) => {
  w.u32(run.inside);
  w.u32(run.outside);
  w.u32(run.count);
});

/** A tree that a step holds, and where it is mounted. */
const heldTree: Field<readonly [tree: number, target: string]> = (w, [tree, target]) => {
  w.u32(tree);
  w.str(target);
};

/** A node in /dev, by its name there. */
const deviceNode: Field<{
  readonly name: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}> = (w, node) => {
  w.str(node.name);
  bool(w, node.type === 'b');
  w.u32(node.major);
  w.u32(node.minor);
  w.u32(node.mode);
  w.u32(node.uid);
  w.u32(node.gid);
};

/** No number of anything held: the owners of files are shown as on the disk. */
export const notHeld = 0xffff_ffff;

/** Ids of a user namespace, as daemon/kernel/users has them. */
interface IdRun {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/**
 * The launch plan: what the shim does between clone and exec, step by step, with all values resolved. Each step has a number,
 * which must never be reused, and fields. Numbers, order and encoding must match native/include/steps.def. Paths called `target`
 * are inside the new root; all other paths are the host's. `attributes` are MOUNT_ATTR_* to set.
 */
export const steps = {
  /** Joins one namespace of a process (setns(2)). */
  'join-namespace': [1, { flag: u32, pid: u32, startTime: decimal }],
  /** v1: writes 0 to the file `tasks`, which moves only the writer and takes no global lock. */
  'join-cgroup': [2, { file: str }],
  unshare: [3, { flags: u32 }],
  'oom-score': [4, { value: u32 }],
  /** mount(NULL, "/", NULL, flags). */
  propagation: [5, { flags: u32 }],
  /** Binds `source` (recursively) at `at` and makes it the new root. */
  'root-bind': [
    7,
    {
      at: str,
      source: str,
      /** Applies to all mounts below it too. No mount targets are made in it then. */
      readOnly: bool,
      /** Options of an overlay that replaces the bind if one of `needs` is missing. */
      overlay: str,
      needs: list(str),
      /** Mounts below the source, as paths in it, to bind into that overlay. */
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
      /** A file system that the kernel lacks (ENODEV) is no error. */
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
      /** Sets the attributes only on the top mount. */
      topOnly: bool,
      /** MS_PRIVATE, MS_SHARED or MS_SLAVE, with MS_REC for the r-forms; 0 leaves it. */
      propagation: u32,
      /** The number of the held user namespace by which the owners of files are mapped, or `notHeld`. */
      map: u32,
      create,
      /** A missing source or target is no error. */
      optional: bool,
    },
  ],
  directory: [10, { target: str, mode: u32 }],
  symlink: [11, { target: str, to: str }],
  /** Made by mknod. If that is forbidden, the host's node of the same path is checked and bound. */
  device: [
    12,
    { target: str, type: word(['c', 'b']), major: u32, minor: u32, mode: u32, uid: u32, gid: u32 },
  ],
  /** Opens the container's /dev/pts/ptmx, sets the size, sends the master to the shim and binds the slave at /dev/console. */
  terminal: [13, { console: bool, uid: u32, gid: u32 }],
  hostname: [14, { name: str }],
  domainname: [15, { name: str }],
  loopback: [16, {}],
  sysctl: [17, { path: str, value: str }],
  pivot: [18, {}],
  mask: [19, { target: str }],
  'read-only': [20, { target: str }],
  'root-read-only': [21, {}],
  /** Forks: the parent becomes the init (pid 1), the child the program. The step just before exec. */
  init: [22, {}],
  /** Makes the terminal or the pipes fd 0, 1 and 2. The exec step starts the session. */
  stdio: [23, {}],
  rlimit: [24, { resource: u32, soft: decimal, hard: decimal }],
  umask: [25, { mask: u32 }],
  /** Makes the directory if `create`, enters it and checks that it is below the root. */
  cwd: [26, { path: str, create: bool }],
  groups: [27, { gids: list(u32) }],
  'no-new-privileges': [28, {}],
  seccomp: [29, { filter: bytes }],
  /** Drops all other capabilities from the bounding set. */
  bounding: [30, { set: u64 }],
  /** setresgid and setresuid, keeping the capabilities. `foundId`: as looked up. */
  user: [31, { uid: u32, gid: u32 }],
  /** If the user was looked up, only root gets the first two sets. */
  capabilities: [32, { effective: u64, permitted: u64, inheritable: u64, ambient: u64 }],
  exec: [33, { args: list(str), env: list(str) }],
  /** Binds the mount at `path` in another process's mount namespace at the same path. `optional`: it may be missing or fail. */
  'bind-of': [34, { pid: u32, startTime: decimal, path: str, attributes: u32, optional: bool }],
  /** Joins the namespace of a file of the host (setns(2)). */
  'join-path': [35, { flag: u32, path: str }],
  /** A tmpfs with folders of the host (cgroup hierarchies) bound by name, and links. `writable`: names of folders that MOUNT_ATTR_RDONLY is not for. */
  cgroups: [
    36,
    { target: str, attributes: u32, folders: list(pair), links: list(pair), writable: list(str) },
  ],
  /** Mounts at /proc the procfs of the process whose pid namespace was joined. */
  'proc-of': [37, { pid: u32, startTime: decimal, attributes: u32 }],
  /**
   * Looks up the user in the new root's passwd and group. Sets the groups, and HOME unless the environment has one. Later steps
   * refer to the uid and gid as `foundId`. Empty: root. A null group: the user's own, and all groups with the user as a member.
   */
  'look-up-user': [38, { user: str, group: textOrNone, moreGroups: list(str) }],
  /**
   * A tmpfs for the `file` steps, mounted in the container's mount namespace on a folder of the host, which it does not see; empty: the
   * working directory.
   */
  'file-store': [40, { at: str, size: str }],
  /** A file of that tmpfs, bound over `target`. A target that is missing and cannot be made is no error. */
  file: [41, { target: str, content: str, attributes: u32 }],
  /**
   * Clones a tree of mounts and holds it. A mount that is shared with the host is cloned before `propagation` cuts off the namespace;
   * `attach` puts all of these in place after all other mounts, since a mount made below one of them appears on the host too.
   *
   * What steps hold, trees and user namespaces, is numbered from 0 on, in the order of these steps.
   */
  take: [
    42,
    {
      source: str,
      recursive: bool,
      attributes: u32,
      topOnly: bool,
      propagation: u32,
      map: u32,
      /** A missing source is no error: nothing is held. */
      optional: bool,
    },
  ],
  attach: [43, { trees: list(heldTree) }],
  /**
   * Makes a user namespace with these maps, and holds it. If the clone flags have `user`, the first one is the container's: its process
   * is cloned in it, and waits.
   */
  'id-map': [50, { uids: idRuns, gids: idRuns }],
  /** Holds the user namespace of a process. */
  'join-user': [51, { pid: u32, startTime: decimal }],
  /** Enters the held user namespace. The steps before it have the rights of the host's root. */
  'enter-user': [52, { namespace: u32 }],
  /** Mounts an overlay at `at` and makes it the new root. */
  'root-overlay': [
    64,
    {
      at: str,
      /** Folders of the host, the uppermost first. */
      lowers: list(str),
      /** Folders in the only one of `lowers`, the uppermost first, which are the layers instead of it; empty: it is one. */
      names: list(str),
      /** Has the folders "upper" and "work". */
      layer: str,
      volatile: bool,
      /** Overlayfs keeps its notes in user.overlay.*, since only the host's root may write trusted.overlay.*. */
      userXattr: bool,
    },
  ],
  /** Enters a folder of the host. */
  chdir: [63, { path: str }],
  /** Gives the pipes of the process to root inside, as its ids are on the host. */
  'stream-owner': [53, { uid: u32, gid: u32 }],
  /** Raises the hard limit at least to this, which only the host's root may. */
  'raise-limit': [54, { resource: u32, hard: decimal }],
  /**
   * An overlay of held trees, held, as root inside makes it, whose ids on the host are `uid` and `gid`. If `folder` has all of `needs`,
   * the first lower layer alone is held instead.
   */
  'take-overlay': [
    55,
    {
      /** A folder of the host. A kernel without layers by descriptor mounts them on it, in a mount namespace of its own. */
      at: str,
      /** The uppermost first. */
      lowers: list(u32),
      /** Folders in the only one of `lowers`, the uppermost first, which are the layers instead of it; empty: it is one. */
      names: list(str),
      /** Has the folders "upper" and "work". */
      layer: u32,
      volatile: bool,
      uid: u32,
      gid: u32,
      /** Overlayfs keeps its notes in user.overlay.*. */
      userXattr: bool,
      attributes: u32,
      /** Path in the overlay of what is held instead of it, where links stay inside; empty: none. */
      below: str,
      /** Empty: none. */
      folder: str,
      needs: list(str),
    },
  ],
  /** A tmpfs for /dev with nodes that belong to root inside, held. */
  'take-devices': [56, { uid: u32, gid: u32, size: str, nodes: list(deviceNode) }],
  /** Mounts a held tree. If `optional`, neither a missing tree nor a missing target that cannot be made is an error. */
  place: [57, { tree: u32, target: str, optional: bool }],
  /** Makes a held tree the new root, mounted at the working directory. */
  'place-root': [58, { tree: u32 }],
  /** Like `mount`, but held. */
  'take-mount': [59, { type: str, source: str, attributes: u32, optional: bool, options: list(mountOption) }],
  /** Like `bind-of`, but held. */
  'take-of': [60, { pid: u32, startTime: decimal, path: str, attributes: u32, optional: bool }],
  /** Like `proc-of`, but held. */
  'take-proc-of': [61, { pid: u32, startTime: decimal, attributes: u32 }],
  /** Moves a node of /dev to another path. */
  'place-device': [62, { name: str, target: str }],
  /** A filter with SECCOMP_FILTER_FLAG_*. */
  'seccomp-flags': [70, { flags: u32, filter: bytes }],
  /** Opens the host's /proc for `exec-label`. */
  'host-proc': [71, {}],
  /** Writes to a file below /proc/thread-self/attr, such as exec: the label that a security module gives the program. */
  'exec-label': [72, { attribute: str, value: str }],
  /** Limits by Landlock. `files` and `ports`: LANDLOCK_ACCESS_FS_* and _NET_* that are limited. */
  landlock: [
    73,
    { files: u64, ports: u64, allowedPaths: list(allowedPath), allowedPorts: list(allowedPort) },
  ],
  /** Waits until the network namespace is connected. */
  'await-network': [80, {}],
  /**
   * Waits until the shim has connected the network namespace, which it does by these fields while the steps before are carried out.
   * It brings up the loopback, too.
   */
  connect: [
    81,
    {
      /** The socket of the resolver, which gets sockets of the namespace at 127.0.0.11:53; empty: none. */
      resolver: str,
      containerId: str,
      /** Paths below /proc/sys, and values, of the new namespace: set before it has any interface but the loopback. */
      sysctls: list(pair),
      requests: list(netlinkRequest),
    },
  ],
  /** Waits until likerd has connected the network namespace, and appends what it says to these files of the file store, by number. */
  'await-daemon': [82, { files: list(u32) }],
  /**
   * Copies what the new root has at `target` into a held tree, if that is empty. `again`: in any case, since a copy was begun that may not
   * be whole.
   */
  fill: [90, { tree: u32, target: str, again: bool }],
  /** In the place of `exec`: the process only is there, with its root and its mounts, until its shim ends. */
  hold: [93, {}],
  /** A file in the file store, with an owner, read-only. */
  secret: [92, { target: str, content: bytes, mode: u32, uid: u32, gid: u32 }],
  /** Like `take`, of a path below `source` that crosses no link. */
  'take-below': [
    91,
    {
      source: str,
      path: str,
      recursive: bool,
      attributes: u32,
      topOnly: bool,
      propagation: u32,
      map: u32,
      optional: bool,
    },
  ],
  /** Enters the mount namespace of a process, and with `user` its user namespace. Targets are inside its root from here on. */
  'enter-container': [110, { pid: u32, startTime: decimal, user: bool }],
  /** Mounts a held tree where nothing is mounted yet, neither at the target nor below. `optional`: a missing tree is no error. */
  'add-mount': [111, { tree: u32, target: str, attributes: u32, optional: bool }],
  /** Unmounts what is at the target, with all below it. `lazy`: even if it is in use. Comes after `host-proc`. */
  'remove-mount': [112, { target: str, lazy: bool }],
  /** Replaces what a file holds that a step `file` has placed there; nothing else. Comes after `host-proc`. */
  'rewrite-file': [113, { target: str, content: str }],
} satisfies Readonly<Record<string, readonly [kind: number, fields: Fields]>>;

export type StepName = keyof typeof steps;

export type Step = {
  [Name in StepName]: { readonly step: Name } & Values<(typeof steps)[Name][1]>;
}[StepName];
/** The steps of one kind. */
export type StepOf<Name extends StepName> = Extract<Step, { readonly step: Name }>;

/** The number of a step. */
export function stepKind(name: StepName): number {
  return steps[name][0];
}

/** The uid and gid that were looked up. No real id: 2^32 - 1 means "none" to the kernel. */
export const foundId = 0xffff_ffff;

const processOrNone: Field<{ readonly pid: number; readonly startTime: string } | null> = (w, value) => {
  w.u32(value?.pid ?? 0);
  decimal(w, value?.startTime ?? '0');
};

/** What the shim needs besides the steps. */
export const launchSettings = {
  /** Clone flags of the namespaces that clone3 makes. The cgroup namespace is a step. */
  cloneFlags: u32,
  /** v2 cgroup for CLONE_INTO_CGROUP; empty for none. */
  cgroup2: str,
  tty: bool,
  openStdin: bool,
  columns: u32,
  rows: u32,
  xPixels: u32,
  yPixels: u32,
  /** Clone flags of the main process's namespaces to join before the steps (for an exec); 0 for none. */
  joinMain: u32,
  /** The process whose pid namespace to join before clone (--pid container:X). */
  joinPid: processOrNone,
  /** Limit in bytes of what is read from each output stream, for a client that must lose nothing; 0: none. */
  window: size,
};
export interface LaunchSettings extends Values<typeof launchSettings> {}

/** Settings of a container's shim. */
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
  /**
   * The program that connects the container's network namespace, and its arguments; empty for none. The last one is the file `network`
   * in `runDir`, where it finds the namespace. It writes its pid to `network.pid` there and goes into the background.
   */
  network: list(str),
};
export interface ShimSettings extends Values<typeof shimSettings> {}

export interface Launch {
  readonly settings: LaunchSettings;
  readonly steps: readonly Step[];
}
