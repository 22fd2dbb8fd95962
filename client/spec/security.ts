import { badArgument } from '../../common/errors.ts';

/** What --security-opt can say. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccompUnconfined: boolean;
}

export function parseSecurityOptions(items: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let seccompUnconfined = false;
  for (const item of items) {
    const noNew = /^no-new-privileges(?:[=:](true|false))?$/.exec(item);
    if (noNew !== null) noNewPrivileges = noNew[1] !== 'false';
    else if (/^seccomp[=:]unconfined$/.test(item)) seccompUnconfined = true;
    else {
      throw badArgument(
        'security-opt',
        `Cannot use --security-opt '${item}': supported are seccomp=unconfined and no-new-privileges`,
      );
    }
  }
  return { noNewPrivileges, seccompUnconfined };
}
