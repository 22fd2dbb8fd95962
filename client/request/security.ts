import type { LikerError } from '../../common/errors.ts';
import { invalidFlag, unsupportedFlag } from './invalid-flag.ts';

/** What --security-opt can say. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccompUnconfined: boolean;
}

/** Docker's options that Liker does not have yet, by their beginning. */
const instead: readonly (readonly [RegExp, string])[] = [
  [/^seccomp/, 'the default filter is the only one. seccomp=unconfined switches it off'],
  [/^apparmor/, 'no AppArmor profile is loaded; apparmor=unconfined says so'],
  [/^label/, 'no SELinux label is set; label=disable says so'],
  [/^systempaths/, 'files of /proc and /sys stay hidden, but with --privileged'],
  [/^writable-cgroups/, 'the control groups are read-only, but with --privileged'],
];

/** Throws BAD_ARGUMENT for all but what is there, or is so anyway. */
export function parseSecurityOptions(items: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let seccompUnconfined = false;
  for (const item of items) {
    const [, name = '', value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(item) ?? [];
    const option = value === undefined ? name : `${name}=${value}`;
    if (/^no-new-privileges(=(true|false))?$/.test(option)) noNewPrivileges = value !== 'false';
    else if (option === 'seccomp=unconfined') seccompUnconfined = true;
    else if (option === 'seccomp=builtin') seccompUnconfined = false;
    else if (!['apparmor=unconfined', 'label=disable', 'writable-cgroups=false'].includes(option)) {
      throw refusal(item, option);
    }
  }
  return { noNewPrivileges, seccompUnconfined };
}

function refusal(item: string, option: string): LikerError {
  const [, why] = instead.find(([pattern]) => pattern.test(option)) ?? [];
  if (why !== undefined) return unsupportedFlag('security-opt', item, why);
  return invalidFlag(
    'security-opt',
    item,
    'use seccomp=unconfined, no-new-privileges, apparmor=unconfined or label=disable',
  );
}
