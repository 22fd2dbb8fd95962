import { existsSync, readFileSync } from 'node:fs';
import { badArgument, LikerError } from '../../../common/errors.ts';
import { landlockVersion } from '../../native/landlock.ts';

/** What to write before execve, and where below /proc/thread-self/attr. */
export interface ExecLabel {
  readonly attribute: string;
  readonly value: string;
}

/** Empty: the default. */
export interface LabelRequest {
  readonly apparmorProfile: string;
  /** As in type:container_t. */
  readonly selinuxLabel: readonly string[];
}

/** The label of a container's programs; null for that of likerd. Throws SECURITY_MISSING where the kernel has no such module. */
export function execLabel({ apparmorProfile, selinuxLabel }: LabelRequest, host = '/'): ExecLabel | null {
  if (apparmorProfile !== '') return apparmor(apparmorProfile, host);
  return selinuxLabel.length > 0 ? selinux(selinuxLabel, host) : null;
}

/** What the kernel has beside its own checks. */
export function securityModules(host = '/') {
  return {
    landlockVersion: landlockVersion(),
    apparmor: hasApparmor(host),
    selinux: hasSelinux(host),
  };
}

function hasApparmor(host: string): boolean {
  return textOf(`${host}sys/module/apparmor/parameters/enabled`) === 'Y';
}

function hasSelinux(host: string): boolean {
  return existsSync(`${host}sys/fs/selinux/enforce`);
}

function apparmor(profile: string, host: string): ExecLabel {
  const field = 'spec.apparmor_profile';
  if (!hasApparmor(host))
    throw new LikerError(
      'SECURITY_MISSING',
      `Cannot use the AppArmor profile '${profile}': AppArmor is not enabled on this machine; leave it out, or boot with apparmor=1 security=apparmor`,
      { field },
    );
  // Only root may read it, and securityfs may not be mounted: then the start tells.
  const loaded = textOf(`${host}sys/kernel/security/apparmor/profiles`);
  const names = loaded?.split('\n').map((line) => line.replace(/ \([a-z]+\)$/, ''));
  if (names !== undefined && !names.includes(profile))
    throw badArgument(
      field,
      `Cannot use the AppArmor profile '${profile}': no such profile is loaded; load it with 'apparmor_parser -r FILE'`,
    );
  // The directory of its own is not shared with other modules, but only newer kernels have it.
  const own = existsSync(`${host}proc/self/attr/apparmor/exec`);
  return { attribute: own ? 'apparmor/exec' : 'exec', value: `exec ${profile}` };
}

const parts = ['user', 'role', 'type', 'level'];

function selinux(asked: readonly string[], host: string): ExecLabel {
  const field = 'spec.selinux_label';
  if (!hasSelinux(host))
    throw new LikerError(
      'SECURITY_MISSING',
      `Cannot use the SELinux label '${asked.join(' ')}': SELinux is not enabled on this machine; leave it out, or use label=disable`,
      { field },
    );
  const policy = /^\s*SELINUXTYPE\s*=\s*(\S+)/m.exec(textOf(`${host}etc/selinux/config`) ?? '')?.[1] ?? '';
  const file = `${host}etc/selinux/${policy}/contexts/lxc_contexts`;
  const base = /^\s*process\s*=\s*"([^":]+):([^":]+):([^":]+)(?::([^"]+))?"/m.exec(textOf(file) ?? '');
  if (!base)
    throw new LikerError(
      'SECURITY_MISSING',
      `Cannot use the SELinux label '${asked.join(' ')}': ${file} names no label for containers; install the policy for containers (container-selinux)`,
      { field },
    );
  const given = new Map(
    asked.map((text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]),
  );
  const label = parts
    .map((part, index) => given.get(part) ?? base[index + 1])
    .filter((part) => part !== undefined);
  return { attribute: 'exec', value: label.join(':') };
}

/** Without blanks at its ends; undefined if it cannot be read. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
