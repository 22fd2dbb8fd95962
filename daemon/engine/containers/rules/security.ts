import { checkInnerPath, checkRange } from '../../../../common/checks.ts';
import { badArgument, invalid } from '../../../../common/errors.ts';
import { maxSeccompProfileBytes } from '../../../../common/sizes.ts';
import { checkCapabilities } from '../../../kernel/security/capabilities.ts';
import { parseProfile } from '../../../kernel/security/seccomp/profile.ts';
import { noId } from '../../../kernel/users/id-maps.ts';
import type { Landlock } from '../../process/spec.ts';
import { type ContainerSpec, isShared } from '../model/spec.ts';

const mostPaths = 256;
const mostPorts = 1024;
const greatestPort = 65_535;

/** Throws BAD_ARGUMENT for capabilities, filters, labels and paths that cannot be. Whether this machine has them is checked beside it. */
export function checkSecurity(spec: ContainerSpec): void {
  checkCapabilities(spec.capAdd, 'spec.cap_add');
  checkCapabilities(spec.capDrop, 'spec.cap_drop');
  checkSeccomp(spec);
  checkLabels(spec);
  checkPaths(spec.maskPaths, 'spec.mask_paths');
  checkPaths(
    spec.unmaskPaths.filter((path) => path !== 'ALL'),
    'spec.unmask_paths',
  );
  checkMaskedMounts(spec);
  checkProcOptions(spec);
}

/** A mount that is shared with the host is put in place last, over whatever was hidden there. */
function checkMaskedMounts({ maskPaths, mounts }: ContainerSpec): void {
  const shared = mounts.filter(isShared).map(({ target }) => target);
  for (const [index, path] of maskPaths.entries()) {
    const above = shared.find((target) => `${path}/`.startsWith(`${target}/`));
    if (above !== undefined)
      throw invalid(
        `spec.mask_paths[${index}]`,
        path,
        `the mount at '${above}' is shared with the host, and nothing in it can be hidden; use another propagation, such as rslave`,
      );
  }
}

function checkSeccomp({ seccompProfile, seccompUnconfined }: ContainerSpec): void {
  if (seccompProfile === '') return;
  const field = 'spec.seccomp_profile';
  if (seccompUnconfined)
    throw badArgument(field, `Invalid ${field}: seccomp_unconfined is set as well; use one of them`);
  if (Buffer.byteLength(seccompProfile) > maxSeccompProfileBytes)
    throw badArgument(field, `Invalid ${field}: a profile has at most ${maxSeccompProfileBytes / 1024} KiB`);
  parseProfile(seccompProfile);
}

function checkLabels({ apparmorProfile, selinuxLabel }: ContainerSpec): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the kernel reads a line
  if (!/^[^\x00-\x1f\x7f]{0,1024}$/.test(apparmorProfile))
    throw invalid('spec.apparmor_profile', apparmorProfile, 'give the name of a profile that is loaded');
  const seen = new Set<string>();
  for (const [index, part] of selinuxLabel.entries()) {
    const field = `spec.selinux_label[${index}]`;
    const [, name = ''] = /^(user|role|type|level):[\w.,:-]+$/.exec(part) ?? [];
    if (name === '') throw invalid(field, part, 'use type:TYPE, level:LEVEL, user:USER or role:ROLE');
    if (seen.has(name)) throw badArgument(field, `Invalid ${field}: '${name}' appears twice`);
    seen.add(name);
  }
  if (apparmorProfile !== '' && selinuxLabel.length > 0)
    throw badArgument(
      'spec.selinux_label',
      'Invalid spec.selinux_label: an AppArmor profile is set as well, and a kernel has one of both; use one of them',
    );
}

function checkPaths(paths: readonly string[], field: string): void {
  if (paths.length > mostPaths)
    throw badArgument(field, `Invalid ${field}: there are more than ${mostPaths} paths`);
  for (const [index, path] of paths.entries()) {
    checkInnerPath(path, `${field}[${index}]`, 'path');
    if (path === '/') throw invalid(`${field}[${index}]`, path, 'give a path below it');
  }
}

const hideModes = ['0', '1', '2', '4', 'off', 'noaccess', 'invisible', 'ptraceable'];

function checkProcOptions({ procOptions, namespaces }: ContainerSpec): void {
  const field = 'spec.proc_options';
  const seen = new Set<string>();
  for (const [index, option] of procOptions.entries()) {
    const at = `${field}[${index}]`;
    const [, name = '', value = ''] = /^([a-z]+)=(.*)$/s.exec(option) ?? [];
    const isGid = name === 'gid' && /^\d{1,10}$/.test(value) && Number(value) < noId;
    const isValid =
      isGid || (name === 'hidepid' && hideModes.includes(value)) || (name === 'subset' && value === 'pid');
    if (!isValid) throw invalid(at, option, `use hidepid=${hideModes.join('|')}, gid=NUMBER or subset=pid`);
    if (seen.has(name)) throw badArgument(at, `Invalid ${at}: '${name}' appears twice`);
    seen.add(name);
  }
  if (procOptions.length > 0 && namespaces.pid.kind === 'container')
    throw badArgument(
      field,
      `Invalid ${field}: the container has the /proc of the one whose processes it shares; give the options there`,
    );
}

/** Only the root of the host can mount the procfs of the host's processes; that of another user shows what is mounted. */
export function checkProcMount({ procOptions, namespaces }: ContainerSpec, isRootOnHost: boolean): void {
  if (procOptions.length > 0 && namespaces.pid.kind === 'host' && !isRootOnHost)
    throw badArgument(
      'spec.proc_options',
      "Invalid spec.proc_options: with the host's processes (--pid host) the container has the /proc of the host, as likerd is not run by root; leave one of both out",
    );
}

/** Throws BAD_ARGUMENT, below `field`, for limits that cannot be. */
export function checkLandlock({ paths, connect, bind }: Landlock, field: string): void {
  if (paths.length === 0 && connect === null && bind === null)
    throw badArgument(
      field,
      `Invalid ${field}: it limits nothing; give paths, or ports to connect or to bind to`,
    );
  checkPaths(
    paths.map(({ path }) => path).filter((path) => path !== '/'),
    `${field}.paths`,
  );
  for (const [name, ports, least] of [
    ['connect', connect ?? [], 1],
    // 0 is any free port.
    ['bind', bind ?? [], 0],
  ] as const) {
    if (ports.length > mostPorts)
      throw badArgument(
        `${field}.${name}`,
        `Invalid ${field}.${name}: there are more than ${mostPorts} ports`,
      );
    for (const [index, port] of ports.entries())
      checkRange(port, [least, greatestPort, 443], `${field}.${name}.ports[${index}]`);
  }
}
