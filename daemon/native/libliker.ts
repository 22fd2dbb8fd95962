import { errnoName } from '../../common/errno.ts';
import { LikerError } from '../../common/errors.ts';
import { reasonOfErrno, remedyOf } from '../../common/exhausted.ts';
import { inSpareThread, inThread, type NativeFunction } from './in-thread.ts';
import { koffi } from './koffi.ts';

/** A started shim. The caller owns both fds. */
export interface SpawnedShim {
  readonly pid: number;
  readonly pidfd: number;
  /** The daemon's end of the shim's socket: close-on-exec, non-blocking. */
  readonly socketFd: number;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const ownPath = new URL('../../native/build/libliker.so', import.meta.url).pathname;
/** sizeof(struct bpf_insn). */
const instructionBytes = 8;
/** sizeof(struct liker_spawned). */
const spawnedBytes = 32;

function bind(path: string) {
  const library = koffi.load(path);
  return {
    loadShim: library.func('int liker_load_shim (const char *path)'),
    spawnShim: library.func(
      'int liker_spawn_shim (int shim_fd, const void *plan, size_t plan_size, const void *held, size_t held_count, void *out)',
    ),
    sendPlan: library.func(
      'int liker_send_plan (int socket, const void *plan, size_t plan_size, const void *held, size_t held_count, void *call, size_t size)',
    ),
    bindPort: library.func(
      'int liker_bind_port (int protocol, const char *address, uint16_t port, _Out_ uint16_t *bound)',
    ),
    link: library.func('int liker_link (const char *name, _Out_ int32_t *mtu, _Out_ int32_t *is_up)'),
    sharePort: library.func('int liker_share_port (int fd)'),
    peerCredentials: library.func(
      'int liker_peer_credentials (int fd, _Out_ int32_t *pid, _Out_ uint32_t *uid, _Out_ uint32_t *gid)',
    ),
    pidfdOpen: library.func('int liker_pidfd_open (int pid, uint64_t start_time)'),
    pidfdSignal: library.func('int liker_pidfd_signal (int pidfd, int signal)'),
    pidfdEnded: library.func('int liker_pidfd_ended (int pidfd)'),
    pidfdReap: library.func('int liker_pidfd_reap (int pidfd)'),
    close: library.func('int liker_close (int fd)'),
    sendFd: library.func('int liker_send_fd (int socket, void *data, size_t size, int fd)'),
    attachDeviceFilter: library.func(
      'int liker_attach_device_filter (const char *cgroup, const void *instructions, size_t count)',
    ),
    readFiles: library.func(
      'int64_t liker_read_files (const void *paths, void *fds, size_t count, int keep, void *buffer, size_t size, void *lengths)',
    ),
    closeFiles: library.func('void liker_close_files (void *fds, size_t count)'),
    treeRoom: library.func('int64_t liker_tree_room (const char *path)'),
    isOpaque: library.func('int liker_is_opaque (const char *folder, const char *attribute)'),
    attachSocketProgram: library.func(
      'int liker_attach_socket_program (const char *cgroup, const void *instructions, size_t count)',
    ),
    netlink: library.func(
      'int64_t liker_netlink (int namespace, int family, const void *requests, size_t requests_size, void *answer, size_t answer_size)',
    ),
    connect: library.func(
      'int liker_connect (int namespace, const void *fields, size_t size, void *refusal)',
    ),
    openResolver: library.func(
      'int liker_open_resolver (const char *path, const char *container, int pid, uint64_t start_time)',
    ),
    nfnetlink: library.func(
      'int64_t liker_nfnetlink (const void *requests, size_t requests_size, void *answer, size_t answer_size)',
    ),
    watchNftables: library.func('int liker_watch_nftables ()'),
    tableTouched: library.func('int liker_table_touched (int fd, const char *table)'),
    makeFolders: library.func('void liker_make_folders (const void *paths, void *results, size_t count)'),
    removeFolders: library.func('void liker_remove_folders (const void *paths, void *results, size_t count)'),
    removeTree: library.func('int liker_remove_tree (const char *path)'),
    syncFiles: library.func('int liker_sync_files (const char *folder)'),
    emptyContainer: library.func('int liker_empty_container (const char *base)'),
    limitFolders: library.func(
      'int liker_limit_folders (const void *paths, size_t count, uint64_t bytes, void *call, size_t size)',
    ),
    shareLimit: library.func('int liker_share_limit (const char *from, const char *to)'),
    releaseLimit: library.func('int liker_release_limit (const char *path)'),
    lock: library.func('int liker_lock (const char *path, _Out_ int32_t *holder)'),
    notify: library.func('int liker_notify (const char *path, const char *text)'),
    trim: library.func('int liker_trim (void)'),
    setNice: library.func('int liker_set_nice (int nice)'),
    probeIdmap: library.func('int liker_probe_idmap (const char *path, void *call, size_t size)'),
    probeSysctl: library.func('int liker_probe_sysctl (const char *path, int in_user_namespace)'),
  };
}

let bound: ReturnType<typeof bind> | undefined;

/** The first call of any function loads it. */
function library(): ReturnType<typeof bind> {
  bound ??= bind(process.env['LIKER_LIBRARY'] ?? ownPath);
  return bound;
}

/** Returns a result, or throws an error for -errno. */
function check(result: number, step: string, syscall: string, object: string): number {
  if (result >= 0) return result;
  const errno = errnoName(result);
  const remedy = remedyOf(errno);
  const why = remedy === null ? '' : `: ${remedy}`;
  throw new LikerError(
    reasonOfErrno(errno),
    `Cannot ${step} '${object}': ${syscall} failed with ${errno}${why}`,
    {
      syscall: { step, syscall, errno, object },
      metadata: { object, errno },
    },
  );
}

function isError(result: number, name: string): boolean {
  return result < 0 && errnoName(result) === name;
}

/** Copies the shim's binary into a sealed memfd (memfd_create(2)); the fd serves all starts. */
export function loadShim(path: string): number {
  return check(library().loadShim(path), 'load the shim', 'memfd_create', path);
}

/** SO_PEERCRED of a connected Unix socket (unix(7)). */
export function peerCredentials(fd: number): PeerCredentials {
  const pid = [0];
  const uid = [0];
  const gid = [0];
  check(library().peerCredentials(fd, pid, uid, gid), 'identify the peer of fd', 'getsockopt', String(fd));
  return { pid: pid[0] ?? 0, uid: uid[0] ?? 0, gid: gid[0] ?? 0 };
}

/** A pidfd of the process with this start time (field 22 of /proc/PID/stat), or null if it has ended. */
export function pidfdOpen(pid: number, startTime: bigint | string): number | null {
  const result: number = library().pidfdOpen(pid, BigInt(startTime));
  if (isError(result, 'ESRCH')) return null;
  return check(result, 'open process', 'pidfd_open', String(pid));
}

/** False if the process has ended. */
export function pidfdSignal(pidfd: number, signal: number): boolean {
  const result: number = library().pidfdSignal(pidfd, signal);
  if (isError(result, 'ESRCH')) return false;
  check(result, 'signal pidfd', 'pidfd_send_signal', String(pidfd));
  return true;
}

export function pidfdEnded(pidfd: number): boolean {
  return check(library().pidfdEnded(pidfd), 'look at pidfd', 'poll', String(pidfd)) === 1;
}

/**
 * Starts a shim with a plan of encodeLaunch, in a thread: clone(2) with CLONE_VFORK returns only after the child has called execve,
 * which takes tens of milliseconds when hundreds of processes compete for a CPU. `held`: fds of which the shim keeps copies open. Without a plan
 * the shim waits for that of sendPlan.
 */
export async function spawnShim(
  shimFd: number,
  plan: Uint8Array | null,
  held: readonly number[] = [],
): Promise<SpawnedShim> {
  const out = Buffer.alloc(spawnedBytes);
  out.writeUInt32LE(spawnedBytes, 0);
  const result = await inThread(
    library().spawnShim,
    shimFd,
    plan,
    plan?.length ?? 0,
    Int32Array.from(held),
    held.length,
    out,
  );
  check(result, 'start', out.toString('latin1', 16, out.indexOf(0, 16)), 'liker-shim');
  return { pid: out.readInt32LE(4), pidfd: out.readInt32LE(8), socketFd: out.readInt32LE(12) };
}

/** Gives a shim that waits for it its plan, and copies of `held`. False if that cannot be done now, or the shim has ended. */
export function sendPlan(socketFd: number, plan: Uint8Array, held: readonly number[]): boolean {
  const call = Buffer.alloc(16);
  const fds = Int32Array.from(held);
  return library().sendPlan(socketFd, plan, plan.length, fds, fds.length, call, call.length) === 0;
}

/** Waits in a thread until a child of likerd has ended, and reaps it (waitid(2), P_PIDFD). */
export async function pidfdReap(pidfd: number): Promise<void> {
  check(await inThread(library().pidfdReap, pidfd), 'wait for pidfd', 'waitid', String(pidfd));
}

/** Sends bytes with a copy of an fd (SCM_RIGHTS of unix(7)). False if they cannot be sent now; then none was. */
export function sendFd(socket: number, bytes: Buffer, fd: number): boolean {
  return library().sendFd(socket, bytes, bytes.length, fd) === 0;
}

export function closeFd(fd: number): void {
  check(library().close(fd), 'close fd', 'close', String(fd));
}

/** Small files that are read together repeatedly. Reading an open file costs a quarter of opening and reading it. */
export class FileSet {
  readonly #paths: Buffer;
  readonly #fds: Int32Array;
  readonly #lengths: Int32Array;

  constructor(paths: readonly string[]) {
    this.#paths = nulEnded(paths);
    this.#fds = new Int32Array(paths.length).fill(-1);
    this.#lengths = new Int32Array(paths.length);
  }

  get size(): number {
    return this.#fds.length;
  }

  /** Their texts; null for one that cannot be read. With `keep` they stay open until close. */
  read(keep: boolean): (string | null)[] {
    const { length } = this.#fds;
    if (texts.length === 0) texts = Buffer.allocUnsafe(textsBytes);
    library().readFiles(this.#paths, this.#fds, length, keep ? 1 : 0, texts, texts.length, this.#lengths);
    const read: (string | null)[] = [];
    let at = 0;
    for (const bytes of this.#lengths) {
      read.push(bytes < 0 ? null : texts.toString('latin1', at, at + bytes));
      at += Math.max(0, bytes);
    }
    return read;
  }

  /** From now on skips the files that the last read could not read, since the kernel lacks them. */
  forgetMissing(): void {
    for (const [index, bytes] of this.#lengths.entries()) if (bytes < 0) this.#fds[index] = passedOver;
  }

  close(): void {
    library().closeFiles(this.#fds, this.#fds.length);
  }
}

/** A value of liker_read_files. */
const passedOver = -2;
/** One buffer for all sets. */
const textsBytes = 256 * 1024;
let texts = Buffer.alloc(0);

/**
 * Bytes that a tree takes on the disk, with its folders; a file that has names elsewhere, too, is counted in part. Counted in a thread; 0
 * if it does not exist.
 */
export async function treeRoom(path: string): Promise<number> {
  return Number(await inSpareThread(library().treeRoom, path));
}

/** Attaches a device program (an array of struct bpf_insn) to a v2 cgroup (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE). */
export function attachDeviceFilter(cgroup: string, program: Uint8Array): void {
  const count = program.length / instructionBytes;
  check(library().attachDeviceFilter(cgroup, program, count), 'attach a device filter to', 'bpf', cgroup);
}

/** Runs a program for each socket that a v2 cgroup's processes make (BPF_PROG_TYPE_CGROUP_SOCK); null removes it. */
export function attachSocketProgram(cgroup: string, program: Uint8Array | null): void {
  const count = (program?.length ?? 0) / instructionBytes;
  const result: number = library().attachSocketProgram(cgroup, program, count);
  if (program === null && isError(result, 'ENOENT')) return;
  check(result, 'attach a socket program to', 'bpf', cgroup);
}

/** A dump's answers come in pieces of up to 32 KiB. */
const netlinkAnswerBytes = 1 << 20;
/** No table is larger: then something is wrong. */
const mostNetlinkBytes = 1 << 28;
/** A network namespace: an fd, a temporary one, or likerd's own. */
export type NetworkPlace = number | 'new' | 'own';

function placeNumber(place: NetworkPlace): number {
  return place === 'new' ? -1 : place === 'own' ? -2 : place;
}

function netlinkAnswer(result: number, answer: Buffer): Buffer {
  return answer.subarray(0, check(result, 'talk to the kernel about', 'netlink', 'its network'));
}

/**
 * Sends requests of rtnetlink(7) in a network namespace, until the kernel refuses one, and returns its answers. On the event loop: only
 * for a namespace of few interfaces.
 */
export function netlink(place: NetworkPlace, requests: Uint8Array): Buffer {
  const answer = Buffer.allocUnsafe(netlinkAnswerBytes);
  const { length } = answer;
  const number = placeNumber(place);
  const result: number = library().netlink(number, 0, requests, requests.length, answer, length);
  return netlinkAnswer(result, answer);
}

/**
 * Likewise, in a thread, with the protocol NETLINK_ROUTE or another. If a dump has more than a MiB, it is asked for again: such requests
 * must change nothing.
 */
export async function netlinkInThread(
  place: NetworkPlace,
  requests: Uint8Array,
  { family = 0, size = roomBytes }: { readonly family?: number; readonly size?: number } = {},
): Promise<Buffer> {
  const number = placeNumber(place);
  const { result, answer } = await answered(size, (room) =>
    inThread(library().netlink, number, family, requests, requests.length, room, room.length),
  );
  if (isError(result, 'EMSGSIZE') && size < mostNetlinkBytes)
    return netlinkInThread(place, requests, { family, size: size * 8 });
  return netlinkAnswer(result, answer);
}

const roomBytes = 256 * 1024;
const mostRooms = 4;
/** Room for answers, used again and again: V8 counts it, and would collect garbage after every few calls that have a new one. */
const rooms: Buffer[] = [];

/** What a call puts into `size` bytes, and its result: how many they are, or -errno. */
async function answered(
  size: number,
  call: (room: Buffer) => Promise<number>,
): Promise<{ readonly result: number; readonly answer: Buffer }> {
  const room = (size === roomBytes ? rooms.pop() : undefined) ?? Buffer.allocUnsafe(size);
  const result = Number(await call(room));
  const answer = Buffer.from(room.subarray(0, Math.max(result, 0)));
  if (size === roomBytes && rooms.length < mostRooms) rooms.push(room);
  return { result, answer };
}

/** sizeof (struct liker_refusal), and where its `object` is. */
const refusalBytes = 288;
const refusalObjectAt = 32;

/**
 * Connects a network namespace, an fd, with the fields of encodeConnect, in a thread. Throws SYSCALL with the words of the step that was
 * refused; what was made until then stays.
 */
export async function connectNamespace(namespace: number, fields: Uint8Array): Promise<void> {
  const refusal = Buffer.alloc(refusalBytes);
  const result = await inThread(library().connect, namespace, fields, fields.length, refusal);
  const text = (from: number) => refusal.toString('utf8', from, refusal.indexOf(0, from));
  check(result, 'connect', text(0) || 'pthread_create', text(refusalObjectAt));
}

/**
 * Opens the sockets at which a container asks for names in the network namespace of the process, and hands them to the resolver that
 * listens at `path`. Returns after that has them.
 */
export async function openResolverSockets(
  path: string,
  container: string,
  { pid, startTime }: { readonly pid: number; readonly startTime: string },
): Promise<void> {
  const result = await inThread(library().openResolver, path, container, pid, BigInt(startTime));
  check(result, 'open the sockets for names of', 'socket', container);
}

/** IPPROTO_* (in.h). */
const protocols = { tcp: 6, udp: 17, sctp: 132 } as const;

/** A port of the host that is taken for as long as the fd is open. */
export interface BoundPort {
  readonly fd: number;
  readonly port: number;
}

/** A system call that failed, and its errno by name. */
export interface FailedCall {
  readonly syscall: string;
  readonly errno: string;
}

/** Takes a port of the host, in one family. `port`: 0 is any that is free. */
export function bindPort(
  protocol: keyof typeof protocols,
  address: string,
  port: number,
): BoundPort | FailedCall {
  const bound = [0];
  const fd: number = library().bindPort(protocols[protocol], address, port, bound);
  if (fd < 0) return { syscall: 'bind', errno: errnoName(fd) };
  return { fd, port: bound[0] ?? 0 };
}

/** An interface of likerd's network namespace; null: there is none of this name. Waits for no change of interfaces that is under way. */
export function linkState(
  name: string,
): { readonly index: number; readonly mtu: number; readonly isUp: boolean } | null {
  const mtu = [0];
  const isUp = [0];
  const index: number = library().link(name, mtu, isUp);
  if (isError(index, 'ENODEV')) return null;
  check(index, 'look at the interface', 'ioctl', name);
  return { index, mtu: mtu[0] ?? 0, isUp: isUp[0] === 1 };
}

/** From here on whoever sets SO_REUSEADDR can bind the port of this socket, too, as long as nobody listens there. */
export function sharePort(fd: number): void {
  check(library().sharePort(fd), 'share a port', 'setsockopt', 'SO_REUSEADDR');
}

/** Sends nfnetlink messages all at once, in a thread, and returns the kernel's answers. */
export async function nfnetlink(requests: Uint8Array): Promise<Buffer> {
  const { result, answer } = await answered(roomBytes, (room) =>
    inThread(library().nfnetlink, requests, requests.length, room, room.length),
  );
  check(result, 'talk to the kernel about', 'nfnetlink', 'its firewall');
  return answer;
}

/** Like nfnetlink, on the event loop. */
export function nfnetlinkNow(requests: Uint8Array): Buffer {
  const answer = Buffer.allocUnsafe(roomBytes);
  const result: number = library().nfnetlink(requests, requests.length, answer, answer.length);
  return answer.subarray(0, check(result, 'talk to the kernel about', 'nfnetlink', 'its firewall'));
}

/** An fd that hears of changes of nftables: likerd gets SIGIO when there are some, which ends it unless it listens. */
export function watchNftables(): number {
  return check(library().watchNftables(), 'watch', 'socket', 'nftables');
}

/** Whether somebody may have removed something of the nftables table `inet NAME` since the last call. */
export function tableTouched(fd: number, name: string): boolean {
  return check(library().tableTouched(fd, name), 'watch', 'recv', `inet ${name}`) > 0;
}

/** Makes each folder (mkdir(2)), all in one call in a thread. Returns the name of the errno for each, or '' for success. */
export function makeFolders(paths: readonly string[]): Promise<string[]> {
  return forEachPath(library().makeFolders, paths);
}

/** Like makeFolders, with rmdir(2). */
export function removeFolders(paths: readonly string[]): Promise<string[]> {
  return forEachPath(library().removeFolders, paths);
}

async function forEachPath(call: NativeFunction, paths: readonly string[]): Promise<string[]> {
  const results = new Int32Array(paths.length);
  await inThread(call, nulEnded(paths), results, paths.length);
  return Array.from(results, (result) => (result < 0 ? errnoName(result) : ''));
}

function nulEnded(paths: readonly string[]): Buffer {
  return Buffer.from(paths.map((path) => `${path}\0`).join(''));
}

/** Removes a file, or a folder with its contents, on the event loop: it must be small. A missing one is no error. */
export function removeTreeNow(path: string): void {
  check(library().removeTree(path), 'remove', 'unlinkat', path);
}

/** Like removeTreeNow, in a thread. */
export async function removeTree(path: string): Promise<void> {
  check(await inSpareThread(library().removeTree, path), 'remove', 'unlinkat', path);
}

/** Writes everything that was changed in a folder's file system to its disk (syncfs(2)), in a thread. */
export async function syncFiles(folder: string): Promise<void> {
  check(await inSpareThread(library().syncFiles, folder), 'write to the disk the files of', 'syncfs', folder);
}

/**
 * Empties a removed container's folders in a thread, and keeps log and work for the next container. False if anything else is
 * left.
 */
export async function emptyContainer(base: string): Promise<boolean> {
  return check(await inSpareThread(library().emptyContainer, base), 'empty', 'unlinkat', base) === 1;
}

/** Limits what is in folders, which are empty, together. The error names the call that failed. */
export function limitFolders(paths: readonly string[], bytes: number): void {
  const call = Buffer.alloc(probeCallBytes);
  const rows = Buffer.from(`${paths.join('\0')}\0`);
  const result: number = library().limitFolders(rows, paths.length, bytes, call, call.length);
  check(result, 'limit', call.toString('latin1', 0, call.indexOf(0)), paths[0] ?? '');
}

/** What will be in `to` counts for the limit of `from`, if that has one. */
export function shareLimit(from: string, to: string): void {
  check(library().shareLimit(from, to), 'limit', 'ioctl', to);
}

/** Gives up the limit that a folder has, if it has one. A failure leaves a limit that nobody has. */
export function releaseLimit(path: string): void {
  library().releaseLimit(path);
}

/** Locks a file for this process until its fd is closed (fcntl(2), F_SETLK), or returns the process that holds the lock. */
export function lockFile(path: string): { readonly fd: number } | { readonly holder: number } {
  const holder = [0];
  const result: number = library().lock(path, holder);
  if (isError(result, 'EAGAIN')) return { holder: holder[0] ?? 0 };
  return { fd: check(result, 'lock', 'fcntl', path) };
}

/** Sends a datagram to the service manager's socket (sd_notify(3)); '@' starts an abstract name. */
export function notifyManager(path: string, text: string): void {
  check(library().notify(path, text), 'notify the service manager at', 'sendto', path);
}

/**
 * Whether a folder of a layer hides what the layers below have in theirs. `attributes`: whose overlays read the mark, the host's root's or
 * an ordinary user's. A missing folder is not.
 */
export function isOpaque(folder: string, attributes: 'trusted' | 'user'): boolean {
  const result: number = library().isOpaque(folder, `${attributes}.overlay.opaque`);
  if (isError(result, 'ENOENT')) return false;
  return check(result, 'read the attributes of', 'lgetxattr', folder) === 1;
}

/**
 * Gives back memory that is not needed now: free heap, and code that the page cache provides again when it is used. Runs in a
 * thread, since it takes tens of milliseconds to go through all mappings.
 */
export async function trimMemory(): Promise<void> {
  check(await inSpareThread(library().trim), 'read', 'fopen', '/proc/self/smaps');
}

/**
 * Sets the nice value (sched(7)) of the calling thread, the event loop's. Threads and processes that it starts get 0. False if it
 * already had another priority.
 */
export function setNice(nice: number): boolean {
  return check(library().setNice(nice), 'set the nice value of thread', 'sched_setattr', 'self') === 1;
}

const probeCallBytes = 16;

/**
 * Tries whether the mount that `path` is on can be idmapped (mount_setattr(2)), on a detached copy. Returns what the kernel refuses,
 * or null. Throws for any other failure, which says nothing about the mount.
 */
export function probeIdmap(path: string): FailedCall | null {
  const out = Buffer.alloc(probeCallBytes);
  const result: number = library().probeIdmap(path, out, out.length);
  if (result >= 0) return null;
  const failed = { syscall: out.toString('latin1', 0, out.indexOf(0)), errno: errnoName(result) };
  const refusals = [
    'EINVAL',
    'EPERM',
    'EOPNOTSUPP',
    'ENOSYS',
    ...(failed.syscall === 'clone' ? ['ENOSPC', 'EUSERS'] : []),
  ];
  if (!refusals.includes(failed.errno)) check(result, 'try an idmapped mount of', failed.syscall, path);
  return failed;
}

/**
 * Whether a new network namespace, of a new user namespace or of that of likerd, has this file of /proc/sys/net. True as well if no
 * such namespace can be made, which says nothing about the file.
 */
export function probeSysctl(
  path: string,
  { inUserNamespace }: { readonly inUserNamespace: boolean },
): boolean {
  return library().probeSysctl(path, inUserNamespace ? 1 : 0) !== 0;
}
