import type { Step } from '../../../kernel/plan/steps.ts';
import type { Rights } from '../../../kernel/security/rights.ts';
import type { ProcessSpec } from '../../process/spec.ts';
import { gidOf, isKnown, lookUpSteps, type User, uidOf } from './user.ts';

/** The user and the rights of a process. */
export interface Credentials extends Rights {
  readonly user: User;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment, built from nothing: defaults, then what was asked for (the last of a name wins). */
export function environment(
  spec: ProcessSpec,
  { user, hostname }: { readonly user: User; readonly hostname: string },
): string[] {
  const env = new Map<string, string>([
    ['PATH', defaultPath],
    ['HOSTNAME', hostname],
  ]);
  if (spec.tty) env.set('TERM', 'xterm');
  // For a user that is looked up, the look-up sets HOME.
  if (isKnown(user)) env.set('HOME', user.home);
  for (const entry of spec.env) {
    const split = entry.indexOf('=');
    if (split > 0) env.set(entry.slice(0, split), entry.slice(split + 1));
  }
  return [...env].map(([name, value]) => `${name}=${value}`);
}

export function oomScoreStep(value: number | null): Step[] {
  return value === null ? [] : [{ step: 'oom-score', value }];
}

/** For the label of a security module, while the host's files can be named. */
export function hostProcStep({ label }: Credentials): Step[] {
  return label ? [{ step: 'host-proc' }] : [];
}

/** The step without flags is the one that shims of earlier versions know. */
function seccompStep({ program, flags }: NonNullable<Rights['seccomp']>): Step {
  return flags === 0
    ? { step: 'seccomp', filter: program }
    : { step: 'seccomp-flags', flags, filter: program };
}

/** From the standard streams to the exec. As in Docker, the working directory of an exec is not made (`makeCwd`). */
export function processSteps(
  spec: ProcessSpec,
  credentials: Credentials,
  {
    env,
    makeCwd,
    init,
  }: { readonly env: readonly string[]; readonly makeCwd: boolean; readonly init: boolean },
): Step[] {
  const { user, capabilities, rlimits, seccomp, label, landlock } = credentials;
  // A user other than root keeps no capability over execve, as execve would drop them anyway.
  const kept = isKnown(user) && user.uid !== 0 ? 0n : capabilities;
  const filter: Step[] = seccomp ? [seccompStep(seccomp)] : [];
  return [
    // After all mounts, and before anything is given to the user.
    ...lookUpSteps(user),
    { step: 'stdio' },
    ...rlimits.map((limit): Step => ({ step: 'rlimit', ...limit })),
    { step: 'umask', mask: 0o022 },
    { step: 'cwd', path: spec.cwd, create: makeCwd },
    ...(isKnown(user) ? [{ step: 'groups', gids: user.groups } as const] : []),
    ...(label ? [{ step: 'exec-label', ...label } as const] : []),
    ...(spec.noNewPrivileges ? [{ step: 'no-new-privileges' } as const] : []),
    // As a filter below; and a filter may refuse the calls of Landlock.
    ...landlock.map((rules): Step => ({ step: 'landlock', ...rules })),
    // Without no_new_privs a filter needs CAP_SYS_ADMIN (seccomp(2)), so it comes before the capabilities go.
    ...(spec.noNewPrivileges ? [] : filter),
    { step: 'bounding', set: capabilities },
    { step: 'user', uid: uidOf(user), gid: gidOf(user) },
    { step: 'capabilities', effective: kept, permitted: kept, inheritable: 0n, ambient: 0n },
    ...(spec.noNewPrivileges ? filter : []),
    // After all steps that confine, so that it has no more rights than the program.
    ...(init ? [{ step: 'init' } as const] : []),
    { step: 'exec', args: spec.args, env },
  ];
}
