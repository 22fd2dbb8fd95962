import { badArgument } from '../../../../common/errors.ts';
import { action, libseccomp } from '../../../native/libseccomp.ts';
import { numberOf } from './calls.ts';
import { runFilter } from './run-filter.ts';

/** What the child still does after the filter is set: native/src/steps/exec.c. The numbers are first arguments that matter. */
const always = { execve: [], prctl: [1n], rt_sigprocmask: [2n], setsid: [], write: [] };
/** native/src/steps/init.c and native/src/init/init.c. */
const ofInit = {
  clone: [17n],
  dup3: [],
  execveat: [],
  fcntl: [],
  kill: [],
  rt_sigtimedwait: [],
  wait4: [],
};
/** native/src/steps/credentials.c: with no_new_privs the filter comes after them. */
const ofCredentials = { capset: [], setresgid: [], setresuid: [] };

type Calls = Readonly<Record<string, readonly bigint[]>>;

export interface StartOptions {
  readonly noNewPrivileges: boolean;
  /** The process gets an init. */
  readonly init: boolean;
}

/** Throws BAD_ARGUMENT if a filter refuses a call without which no program can be started. */
export function requireStart(filter: Uint8Array, { noNewPrivileges, init }: StartOptions): void {
  requireCalls(filter, always, 'without which no program can be started; allow');
  if (init) requireCalls(filter, ofInit, 'which the init needs; leave it out with --init=false, or allow');
  if (!noNewPrivileges)
    requireCalls(
      filter,
      ofCredentials,
      'which come after it; add --security-opt no-new-privileges, or allow',
    );
}

function requireCalls(filter: Uint8Array, calls: Calls, why: string): void {
  const library = libseccomp();
  if (library === null) return;
  const architecture = library.nativeArchitecture;
  const refused = Object.entries(calls).filter(([name, args]) => {
    const verdict = runFilter(filter, { number: numberOf(library, architecture, name), architecture, args });
    return verdict !== action.allow && verdict !== action.log;
  });
  if (refused.length === 0) return;
  const names = refused.map(([name]) => name).join(', ');
  throw badArgument(
    'spec.seccomp_profile',
    `Cannot use the seccomp profile: it refuses ${names}, ${why} ${refused.length === 1 ? 'it' : 'them'}`,
  );
}
