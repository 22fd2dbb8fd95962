import { errnoName } from '../../../../common/errno.ts';
import {
  hasReason,
  LikerError,
  type LikerErrorOptions,
  type Reason,
  type SyscallDetail,
} from '../../../../common/errors.ts';
import { reasonOfErrno, remedyOf } from '../../../../common/exhausted.ts';
import { own } from '../../../../common/own.ts';
import type { StartFailure } from '../../../kernel/process/reports.ts';
import { endedBeforeStart } from '../model/phase.ts';

const refusedInit =
  'the seccomp filter refuses it, but the init needs it; allow it, or leave the init out with --init=false';

const processLimit =
  "a limit of processes is reached; raise it (pids.max of the container, which is --pids-limit, or of likerd's cgroup; kernel.pid_max; for a user, --ulimit nproc)";

const notMapped =
  "the user or its group is not in the container's user namespace; use another, or --userns host";

/** Where an errno alone would mislead. */
const explanations: Readonly<Record<string, string>> = {
  'root-overlay EINVAL':
    'the file system below cannot hold an overlay layer; put --root on ext4, xfs, btrfs or tmpfs',
  'root-overlay ELOOP': 'too many overlays are stacked on each other; put --root on another file system',
  'mount ENOENT': 'the root file system has no such directory and cannot be written to; create it first',
  'root-bind EINVAL':
    'it lacks the target of a mount, and the file system of --root cannot hold an overlay for it; create the target first',
  'bind ENOENT': 'the source does not exist, or the target does not and cannot be created',
  'cwd ENOENT': 'there is no such directory in the container; create it first',
  'cwd EMFILE': 'its own limit of open files leaves none for the start; raise its --ulimit nofile',
  'clone EACCES':
    'likerd may not put processes into the cgroup of the container: it was started outside the cgroup that was delegated to it; start it there',
  'clone EAGAIN': processLimit,
  'exec EAGAIN': processLimit,
  'join-cgroup ENOSPC': 'the cpuset of the cgroup is empty',
  'join-cgroup EAGAIN': 'the limit of processes (pids.max) is already reached',
  'proc-of ENODEV':
    'the container whose processes are shared has mounted something else there, and only its procfs shows them',
  'init EAGAIN':
    'the container has as many processes as its --pids-limit allows, or its user as its --ulimit nproc allows, and the init is one; raise it, or leave the init out with --init=false',
  'init EPERM': refusedInit,
  'init ENOSYS': refusedInit,
  'landlock ENOENT':
    '--landlock names it, and the container has no such file; create it first, or leave it out',
  'sysctl ENOENT':
    'no namespace of the container has such a kernel parameter; check the name, and whether the kernel module that it belongs to is loaded',
  'sysctl EACCES': 'the kernel lets this parameter be read only in a namespace; leave it out',
  'exec-label ENOENT': 'no such profile is loaded; load it with apparmor_parser -r FILE',
  'id-map ENOSPC':
    'the limit of user namespaces is reached; raise it (user.max_user_namespaces), or use --userns host',
  'id-map EPERM':
    'likerd itself does not have all of these ids (/proc/self/uid_map); give it others with --userns-pool',
  'take EPERM':
    'the mount is idmapped already, or its file system is of another user namespace; use noidmap, or --userns host',
  'look-up-user EINVAL':
    "a group of the user is not in the container's user namespace; name one that is, as in USER:GROUP, or use --userns host",
  'stdio EINVAL': notMapped,
  'user EINVAL': notMapped,
  'exec ENOEXEC': 'it is neither a program of this machine nor a script with a #! line',
};

/** Steps of a container in a user namespace that do what another step does without one. */
const likeSteps: Readonly<Record<string, string>> = {
  'take-overlay': 'root-overlay',
  'place-root': 'root-overlay',
  take: 'bind',
  place: 'bind',
  'take-mount': 'mount',
  'take-devices': 'mount',
  'take-of': 'bind-of',
  'take-proc-of': 'proc-of',
  'place-device': 'device',
};

/** What is wrong with the target of a mount, or the working directory, by the call that said so. */
const ofTargets: Readonly<Record<string, string>> = {
  ELOOP: 'a link in that path leads back to itself, or through /proc; fix it in the root file system',
  EROFS: 'it does not exist, and the file system that it would be created in is read-only; create it first',
  ENOTDIR: 'a part of that path is not a folder',
  'move_mount ENOTDIR': 'the source is a folder, and the target a file; mount a folder on a folder',
  'move_mount EISDIR': 'the source is a file, and the target a folder; mount a file on a file',
  'mknodat EEXIST':
    'something else exists at that path; choose another path, or remove it from the root file system',
  'fsconfig EINVAL': 'this kernel does not support that option or value; leave it out',
};
const targetSteps = new Set([
  'mount',
  'bind',
  'bind-of',
  'file',
  'attach',
  'directory',
  'cwd',
  'device',
  'symlink',
  'mask',
  'read-only',
]);

/** Turns the step that failed in the shim into the error of the start. */
export function startError(what: string, { step, syscall, errno: number, object }: StartFailure): LikerError {
  const errno = errnoName(number);
  const call = { step, syscall, errno, object };
  const error: MakeError = (reason, message, { metadata, ...options } = {}) =>
    new LikerError(reason, message, { ...options, syscall: call, metadata: { ...call, ...metadata } });
  if (step === 'exec' && syscall === 'execve') return execError(what, errno, object, error);
  const ofUser = step === 'look-up-user' ? userError(call, error) : null;
  if (ofUser) return ofUser;
  // Its main process has ended, which the daemon has not read yet.
  if (step === 'join' && errno === 'ESRCH' && object === 'container') return endedBeforeStart(what);
  const like = own(likeSteps, step) ?? step;
  // Any other signal is a fault of the shim's own.
  if (step === 'start' && syscall === 'waitid' && /ended before exec( by signal 9)?$/.test(object))
    return error(
      'WRONG_STATE',
      `Cannot start ${what}: it was killed before its program ran, with its container or for lack of memory (${object})`,
    );
  const ofTarget = targetSteps.has(like)
    ? (own(ofTargets, `${syscall} ${errno}`) ?? own(ofTargets, errno))
    : undefined;
  const explanation =
    ofTarget ??
    own(explanations, `${step} ${errno}`) ??
    own(explanations, `${like} ${errno}`) ??
    remedyOf(errno);
  const on = object === '' ? '' : ` on '${object}'`;
  return error(
    ofTarget ? 'BAD_ARGUMENT' : reasonOfErrno(errno),
    `Cannot start ${what}: step '${step}' failed${on}: ${syscall}: ${errno}${explanation ? ` (${explanation})` : ''}`,
  );
}

/** Makes a LikerError with the call that failed. */
type MakeError = (
  reason: Reason,
  message: string,
  options?: Pick<LikerErrorOptions, 'field' | 'metadata'>,
) => LikerError;

/** `name` is empty where the program could not be read. */
function interpreterError(program: string, name: string): string {
  if (name === '')
    return `'${program}' exists, but not the interpreter that its first line or its ELF header names; add that to the container`;
  if (name.endsWith('\r'))
    return `'${program}' is a script whose first line ends with a carriage return, which becomes part of the interpreter's name; end its lines with line feeds only`;
  return `'${program}' needs '${name}' to run, which is not in the container; add it, or use a program for this root file system`;
}

/** The user is unknown in the container; null for any other failure of the step. */
function userError({ syscall, errno, object }: SyscallDetail, error: MakeError): LikerError | null {
  const field = 'spec.process.user';
  if (syscall === 'getpwnam' || syscall === 'getgrnam') {
    const [what, file] = syscall === 'getpwnam' ? ['user', '/etc/passwd'] : ['group', '/etc/group'];
    return error(
      'UNKNOWN_USER',
      `Unknown ${what} '${object}': the container's ${file} has no such entry; give a number, or add the entry`,
      { field, metadata: { [what]: object, file } },
    );
  }
  if (errno === 'E2BIG')
    return error(
      'BAD_ARGUMENT',
      'Cannot look up the user: it is in more than 65536 groups, the limit of the kernel; name the group, as in USER:GROUP',
      { field },
    );
  if (errno !== 'EFBIG') return null;
  return error(
    'BAD_ROOTFS',
    `Cannot look up the user: the container's ${object} is larger than 64 MiB; give USER:GROUP as numbers, or fix the file`,
    { field },
  );
}

function execError(what: string, errno: string, program: string, error: MakeError): LikerError {
  const missing = / \(its interpreter (.*) is missing\)$/s.exec(program);
  if (missing) {
    const why = interpreterError(program.slice(0, missing.index), missing[1] ?? '');
    return error('COMMAND_NOT_FOUND', `Cannot start ${what}: ${why}`);
  }
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return error(
      'COMMAND_NOT_FOUND',
      `Cannot start ${what}: '${program}' was not found in the container (${errno}): check the path and PATH`,
    );
  const why =
    own(explanations, `exec ${errno}`) ?? 'it is not an executable file, or may not be executed by this user';
  return error(
    'COMMAND_NOT_EXECUTABLE',
    `Cannot start ${what}: '${program}' cannot be executed: ${errno}: ${why}`,
  );
}

/** The exit code that a failed start has, as of Docker. */
export function startErrorCode(error: unknown): number {
  if (hasReason(error, 'COMMAND_NOT_FOUND')) return 127;
  return hasReason(error, 'COMMAND_NOT_EXECUTABLE') ? 126 : 125;
}
