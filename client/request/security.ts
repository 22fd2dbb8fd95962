import type { LikerError } from '../../common/errors.ts';
import { invalidFlag, unsupportedFlag } from './invalid-flag.ts';

/** The options of --security-opt that Liker supports. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccompUnconfined: boolean;
}

/** Docker's options that Liker does not have yet, with what to do instead. */
const instead: readonly (readonly [RegExp, string])[] = [
  [/^seccomp/, 'there is only the default filter, which seccomp=unconfined turns off'],
  [/^apparmor/, 'no AppArmor profile is loaded; use apparmor=unconfined'],
  [/^label/, 'no SELinux label is set; use label=disable'],
  [/^systempaths/, 'files of /proc and /sys stay hidden; use --privileged to see them'],
  [/^writable-cgroups/, 'control groups are read-only; use --privileged to write to them'],
];

/** Parses --security-opt. Throws BAD_ARGUMENT for an option that is neither supported nor Liker's default. */
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
