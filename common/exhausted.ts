import { LikerError, type Reason } from './errors.ts';
import { own } from './own.ts';

/** What has run out, and the remedy, by the name of an errno. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on that file system; free some, and try again',
  EDQUOT: 'the quota of that file system is used up; free some space, and try again',
  EROFS: 'that file system is read-only; make it writable, and try again',
  EIO: "the disk fails to read or write; look at the kernel's log (dmesg)",
  EMFILE: "likerd's limit of open files is reached; raise it (LimitNOFILE= of its service, prlimit --nofile)",
  ENFILE: "the machine's limit of open files is reached; raise fs.file-max",
  EAGAIN: "a limit of processes is reached; raise it (pids.max of likerd's cgroup, kernel.pid_max)",
  ENOMEM: 'memory has run out; free some, and try again',
};

/** Where the call changes what an errno means. */
const remediesOfCalls: Readonly<Record<string, string>> = {
  // Only cgroupfs answers so (cgroup-v2.rst, "cgroup.max.descendants").
  'mkdir EAGAIN':
    'a parent cgroup has reached its limit of nested cgroups; raise cgroup.max.descendants or cgroup.max.depth',
};

/** What an errno that tells of something used up means, with the remedy; null for any other. */
export function remedyOf(errno: string, syscall = ''): string | null {
  return own(remediesOfCalls, `${syscall} ${errno}`) ?? own(remedies, errno) ?? null;
}

/** The reason that stands for an errno. */
export function reasonOfErrno(errno: string): Reason {
  if (errno === 'EROFS' || errno === 'EIO') return 'STORE_FAILED';
  if (remedyOf(errno) !== null) return 'TOO_MANY';
  return errno === 'EPERM' || errno === 'EACCES' ? 'NOT_PERMITTED' : 'SYSCALL';
}

/**
 * Turns a system error of Node.js that means something is used up into an error that says so; returns anything else unchanged.
 * `tried` completes "Cannot …".
 */
export function tellExhausted(thrown: unknown, tried: string): unknown {
  const { code = '' } = (thrown ?? {}) as { code?: string };
  return remedyOf(code) === null ? thrown : tellSystemError(thrown, tried);
}

/** As tellExhausted, for any system error of Node.js. */
export function tellSystemError(thrown: unknown, tried: string): unknown {
  if (thrown instanceof LikerError || !(thrown instanceof Error)) return thrown;
  const { code: errno, syscall, path = '' } = thrown as NodeJS.ErrnoException;
  if (errno === undefined || syscall === undefined) return thrown;
  const where = path === '' ? syscall : `${syscall} '${path}'`;
  const remedy = remedyOf(errno, syscall);
  return new LikerError(
    reasonOfErrno(errno),
    `Cannot ${tried}: ${where}: ${errno}${remedy === null ? '' : `: ${remedy}`}`,
    { cause: thrown, metadata: { errno, path }, syscall: { step: tried, syscall, errno, object: path } },
  );
}
