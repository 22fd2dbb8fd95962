import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';

/** Options of a test that needs a program: without it the test is skipped, with the reason. */
export function requiresProgram(...programs: readonly string[]): { readonly skip: string | false } {
  const missing = programs.filter((name) => !isInstalled(name));
  return { skip: missing.length > 0 && `needs ${missing.join(', ')}, which this machine lacks` };
}

/** Options of a test that needs a feature of the kernel or the machine. */
export function requires(what: string, isThere: boolean): { readonly skip: string | false } {
  return { skip: !isThere && `needs ${what}, which this machine lacks` };
}

/** Options of a test that installs packages of Debian by these programs. */
export function requiresMirror(...programs: readonly string[]): { readonly skip: string | false } {
  const lacks = requiresProgram('apt-get', ...programs);
  if (lacks.skip !== false) return lacks;
  const { status } = spawnSync('apt-get', ['-qq', '--print-uris', 'download', 'base-files'], {
    timeout: 60_000,
  });
  return { skip: status !== 0 && 'needs a mirror of Debian' };
}

function isInstalled(name: string): boolean {
  return ['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((folder) => {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Options of a test of --net-priority. */
export function requiresNetPriority(): { readonly skip: string | false } {
  const isThere = / - cgroup2 |\bnet_prio\b/.test(readFileSync('/proc/self/mountinfo', 'utf8'));
  return requires("cgroup v2 or v1's net_prio for --net-priority", isThere);
}

/** An ordinary user runs likerd, and no cgroup is delegated to him. */
export const isOrdinaryUser = process.env['LIKER_TEST_USER'] !== undefined;
export const hasCgroups = !isOrdinaryUser;

/** Options of a test of something that takes a cgroup. */
export function requiresCgroups(what: string): { readonly skip: string | false } {
  return { skip: !hasCgroups && `needs ${what}, and an ordinary user has it only with a delegated cgroup` };
}
