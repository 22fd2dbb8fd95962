import { errnoName } from '../../../../common/errno.ts';
import { LikerError, type SyscallDetail } from '../../../../common/errors.ts';
import { reasonOfErrno, remedyOf } from '../../../../common/exhausted.ts';
import { own } from '../../../../common/own.ts';
import type { StartFailure } from '../../../kernel/process/shim.ts';
import { endedBeforeStart } from '../model/phase.ts';

/** Where an errno alone would mislead. */
const explanations: Readonly<Record<string, string>> = {
  'root-overlay EINVAL':
    'the file system below cannot hold an overlay layer; put --root on ext4, xfs, btrfs or tmpfs',
  'root-overlay ELOOP': 'too many overlays are stacked on each other; put --root on another file system',
  'mount ENOENT': 'the root file system has no such directory and cannot be written to; make it first',
  'root-bind EINVAL':
    'it lacks the target of a mount, and the file system of --root cannot hold an overlay for it; make the target first',
  'bind ENOENT': 'the source does not exist, or the target does not and cannot be made',
  'cwd ENOENT': 'there is no such directory in the container; make it first',
  'cwd EMFILE': 'its own limit of open files leaves none for the start; raise its --ulimit nofile',
  'join-cgroup ENOSPC': 'the cpuset of the group is empty',
  'join-cgroup EAGAIN': 'the limit of processes (pids.max) is reached already',
  'proc-of ENODEV':
    'the container whose processes are shared has mounted something else there, and only its procfs shows them',
  'init EAGAIN':
    'the user has as many processes as its --ulimit nproc allows, and the init is one; raise it, or leave the init out with --init=false',
  'exec ENOEXEC': 'it is neither a program of this machine nor a script with a #! line',
};

/** What is wrong with the target of a mount, or the working directory, by the call that said so. */
const ofTargets: Readonly<Record<string, string>> = {
  ELOOP: 'a link in that path leads back to itself, or through /proc; fix it in the root file system',
  EROFS: 'it is not there, and the file system that it would be made in is read-only; make it first',
  ENOTDIR: 'a part of that path is no folder',
  'move_mount ENOTDIR': 'the source is a folder, and the target a file; mount a folder on a folder',
  'move_mount EISDIR': 'the source is a file, and the target a folder; mount a file on a file',
  'mknodat EEXIST':
    'there is something else at that path; choose another path, or remove it from the root file system',
  'fsconfig EINVAL': 'this kernel does not know that option, or not with that value; leave it out',
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
]);

/** Turns the step that failed in the shim into the error of the start. */
export function startError(what: string, failure: StartFailure): LikerError {
  const errno = errnoName(failure.errno);
  const syscall = { step: failure.step, syscall: failure.syscall, errno, object: failure.object };
  const metadata = { ...syscall };
  if (failure.step === 'exec' && failure.syscall === 'execve')
    return execError(what, errno, failure.object, { syscall, metadata });
  const ofUser = failure.step === 'look-up-user' ? userError(failure, { syscall, metadata }) : null;
  if (ofUser) return ofUser;
  // Its main process has ended, which the daemon has not read yet.
  if (failure.step === 'join' && errno === 'ESRCH' && failure.object === 'container')
    return endedBeforeStart(what);
  const ofTarget = targetSteps.has(failure.step)
    ? (own(ofTargets, `${failure.syscall} ${errno}`) ?? own(ofTargets, errno))
    : undefined;
  const explanation = ofTarget ?? own(explanations, `${failure.step} ${errno}`) ?? remedyOf(errno);
  const on = failure.object === '' ? '' : ` on '${failure.object}'`;
  return new LikerError(
    ofTarget ? 'BAD_ARGUMENT' : reasonOfErrno(errno),
    `Cannot start ${what}: step '${failure.step}' failed${on}: ${failure.syscall}: ${errno}${explanation ? ` (${explanation})` : ''}`,
    { syscall, metadata },
  );
}

/** `name` is empty where the program could not be read. */
function interpreterError(program: string, name: string): string {
  if (name === '')
    return `'${program}' exists, but not the interpreter that its first line or its ELF header names; add that to the container`;
  if (name.endsWith('\r'))
    return `'${program}' is a script whose first line ends with a carriage return, which becomes part of the interpreter's name; end its lines with line feeds only`;
  return `'${program}' needs '${name}' to run, which is not in the container; add it, or use a program for this root file system`;
}

/** The user is unknown in the container; null for any other failure of the step. */
function userError(
  { syscall: call, errno, object }: StartFailure,
  details: { syscall: SyscallDetail; metadata: Record<string, string> },
): LikerError | null {
  const field = 'spec.process.user';
  const [what, file] = call === 'getpwnam' ? ['user', '/etc/passwd'] : ['group', '/etc/group'];
  if (call === 'getpwnam' || call === 'getgrnam') {
    return new LikerError(
      'UNKNOWN_USER',
      `Unknown ${what} '${object}': the container's ${file} has no such entry; give a number, or add the entry`,
      { ...details, field, metadata: { ...details.metadata, [what]: object, file } },
    );
  }
  switch (errnoName(errno)) {
    case 'E2BIG':
      return new LikerError(
        'BAD_ARGUMENT',
        'The user is in more than 65536 groups, which is all that the kernel takes; name the group, as in USER:GROUP',
        { ...details, field },
      );
    case 'EFBIG':
      return new LikerError(
        'BAD_ROOTFS',
        `Cannot look up the user: the container's ${object} is larger than 64 MiB; give USER:GROUP as numbers, or fix the file`,
        { ...details, field },
      );
    default:
      return null;
  }
}

function execError(
  what: string,
  errno: string,
  program: string,
  details: { syscall: LikerError['syscall']; metadata: Record<string, string> },
): LikerError {
  const options = { metadata: details.metadata, ...(details.syscall ? { syscall: details.syscall } : {}) };
  const missing = / \(its interpreter (.*) is missing\)$/s.exec(program);
  if (missing) {
    const path = program.slice(0, missing.index);
    return new LikerError(
      'COMMAND_NOT_FOUND',
      `Cannot start ${what}: ${interpreterError(path, missing[1] ?? '')}`,
      options,
    );
  }
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return new LikerError(
      'COMMAND_NOT_FOUND',
      `Cannot start ${what}: '${program}' was not found in the container (${errno}): check the path and PATH`,
      options,
    );
  }
  const why =
    own(explanations, `exec ${errno}`) ?? 'it is not an executable file, or may not be executed by this user';
  return new LikerError(
    'COMMAND_NOT_EXECUTABLE',
    `Cannot start ${what}: '${program}' cannot be executed: ${errno}: ${why}`,
    options,
  );
}

/** The exit code that a failed start has, as of Docker. */
export function startErrorCode(error: unknown): number {
  if (error instanceof LikerError) {
    if (error.reason === 'COMMAND_NOT_FOUND') return 127;
    if (error.reason === 'COMMAND_NOT_EXECUTABLE') return 126;
  }
  return 125;
}
