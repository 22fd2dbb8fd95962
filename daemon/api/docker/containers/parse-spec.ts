import { parseSignal } from '../../../../common/signals.ts';
import { parseBytes } from '../../../../common/units.ts';
import type { AskedSpec, Namespaces, RestartPolicy } from '../../../engine/containers/model/spec.ts';
import { HttpError } from '../http/errors.ts';
import { sizeOf } from '../sessions/size.ts';
import type { AskedHost, CreateBody } from './create-body.ts';
import { parseLimits } from './parse-limits.ts';
import { parseMounts } from './parse-mounts.ts';
import { parseNetworks, requireNoLinks } from './parse-networks.ts';
import { parseSecurity } from './parse-security.ts';

/** What POST /containers/create asks for. What a container may ask for is the engine's to check. Throws HttpError for what has no meaning here. */
export function parseSpec(body: CreateBody, name: string): AskedSpec {
  const { HostConfig: host } = body;
  requireNoLinks(host);
  requireKnown(host);
  const { network, ...networks } = parseNetworks(body);
  const { noNewPrivileges, ...security } = parseSecurity(host);
  return {
    name,
    rootfs: { kind: 'image', name: body.Image },
    entrypoint: parseEntrypoint(body.Entrypoint),
    process: {
      args: body.Cmd ?? [],
      // A name without a value would take one of the image's away.
      env: body.Env.filter((variable) => variable.includes('=')),
      cwd: body.WorkingDir || undefined,
      user: body.User || undefined,
      additionalGroups: host.GroupAdd,
      tty: body.Tty,
      openStdin: body.OpenStdin,
      terminalSize: sizeOf(host.ConsoleSize),
      noNewPrivileges,
      rlimits: host.Ulimits.map(({ Name, Soft, Hard }) => ({
        ...{ name: Name.toLowerCase(), soft: rlimit(Soft), hard: rlimit(Hard) },
      })),
      privileged: host.Privileged,
      oomScoreAdj: host.OomScoreAdj || null,
    },
    hostname: body.Hostname,
    domainname: body.Domainname,
    namespaces: parseNamespaces(host, network as Namespaces['network']),
    ...networks,
    mounts: parseMounts(body),
    volumesFrom: host.VolumesFrom,
    readOnly: host.ReadonlyRootfs,
    shmSizeBytes: host.ShmSize || undefined,
    layerSizeBytes: storageSize(host),
    init: host.Init ?? undefined,
    capAdd: host.CapAdd,
    capDrop: host.CapDrop,
    sysctls: Object.fromEntries(host.Sysctls),
    extraHosts: host.ExtraHosts.map((line) => line.replace('=', ':').replace(/:\[(.*)\]$/, ':$1')),
    dns: host.Dns,
    dnsSearch: host.DnsSearch,
    dnsOptions: host.DnsOptions,
    labels: Object.fromEntries(body.Labels),
    exposedPorts: [...body.ExposedPorts.keys()].map((port) => (port.includes('/') ? port : `${port}/tcp`)),
    resources: parseLimits(host),
    stopSignal: body.StopSignal === '' ? undefined : parseSignal(body.StopSignal, 'StopSignal'),
    stopTimeoutSeconds: parseTimeout(body.StopTimeout),
    autoRemove: host.AutoRemove,
    ...security,
    restart: parseRestart(host.RestartPolicy),
    devices: host.Devices.map(({ PathOnHost, PathInContainer, CgroupPermissions }) => ({
      ...{ hostPath: PathOnHost, containerPath: PathInContainer || PathOnHost },
      access: CgroupPermissions || 'rwm',
    })),
    deviceRules: host.DeviceCgroupRules.map(parseDeviceRule),
    cgroupParent: host.CgroupParent.split('/')
      .filter((part) => part !== '')
      .join('/'),
    healthCheck: parseHealthCheck(body.Healthcheck),
    ...parseLog(host),
  };
}

/** One empty word takes the image's away. */
function parseEntrypoint(words: readonly string[] | null): readonly string[] | undefined {
  if (words === null) return undefined;
  return words.length === 1 && words[0] === '' ? [] : words;
}

function parseTimeout(seconds: number | null): number | undefined {
  if (seconds === null) return undefined;
  return seconds < 0 ? forEver : seconds;
}

/** Seconds to wait for a program that may take as long as it likes. */
export const forEver = 2 ** 32 - 1;

function rlimit(value: number): string {
  return value < 0 ? String(2n ** 64n - 1n) : String(value);
}

function parseNamespaces(host: AskedHost, network: Namespaces['network']): AskedSpec['namespaces'] {
  return {
    network,
    user: host.UsernsMode === 'host' ? { kind: 'host' } : { kind: 'default' },
    pid: parseShare(host.PidMode, 'PidMode', ['', 'private']),
    ipc: parseShare(host.IpcMode, 'IpcMode', ['', 'private', 'shareable']),
    uts: { kind: host.UTSMode === 'host' ? 'host' : 'private' },
    cgroup: { kind: host.CgroupnsMode === 'host' ? 'host' : 'private' },
  };
}

function parseShare(mode: string, field: string, own: readonly string[]) {
  if (own.includes(mode)) return { kind: 'private' } as const;
  if (mode === 'host') return { kind: 'host' } as const;
  const [, id] = /^container:(.+)$/s.exec(mode) ?? [];
  if (id === undefined)
    throw new HttpError(400, `Invalid ${field} '${mode}': use private, host or container:NAME`);
  return { kind: 'container', id } as const;
}

const policies = ['no', 'always', 'unless-stopped', 'on-failure'] as const;

export function parseRestart(policy: AskedHost['RestartPolicy']): RestartPolicy {
  const asked = policy?.Name || 'no';
  const name = policies.find((word) => word === asked);
  if (name === undefined)
    throw new HttpError(
      400,
      `invalid restart policy: unknown policy '${asked}'; use one of ${policies.join(', ')}`,
    );
  return { name, maxRetries: policy?.MaximumRetryCount ?? 0 };
}

/** Nothing: the image's. NONE takes that away. Times are nanoseconds, 0 for the default. */
function parseHealthCheck(check: CreateBody['Healthcheck']): AskedSpec['healthCheck'] {
  if (check === null) return undefined;
  const [kind, ...words] = check.Test;
  if (kind === 'NONE') return null;
  const probe =
    kind === 'CMD-SHELL' ? { shell: words.join(' ') } : kind === 'CMD' ? { args: words } : undefined;
  if (probe === undefined && kind !== undefined)
    throw new HttpError(400, `Invalid Healthcheck.Test: it begins with NONE, CMD or CMD-SHELL`);
  const given = {
    intervalMs: milliseconds(check.Interval),
    timeoutMs: milliseconds(check.Timeout),
    startPeriodMs: milliseconds(check.StartPeriod),
    startIntervalMs: milliseconds(check.StartInterval),
    retries: check.Retries || undefined,
  };
  const isGiven = probe !== undefined || Object.values(given).some((value) => value !== undefined);
  return isGiven ? { ...given, ...probe } : undefined;
}

function milliseconds(ns: number): number | undefined {
  return ns === 0 ? undefined : Math.max(1, Math.round(ns / 1e6));
}

function parseDeviceRule(text: string): NonNullable<AskedSpec['deviceRules']>[number] {
  const [, type = '', major = '', minor = '', access = ''] =
    /^([abc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  if (type !== 'b' && type !== 'c')
    throw new HttpError(
      400,
      `Invalid DeviceCgroupRules '${text}': use TYPE MAJOR:MINOR ACCESS, such as 'c 10:200 rwm'`,
    );
  return { allow: true, type, major: numberOrAny(major), minor: numberOrAny(minor), access };
}

function numberOrAny(text: string): number | null {
  return text === '*' ? null : Number(text);
}

function parseLog({ LogConfig }: AskedHost): Pick<AskedSpec, 'logDriver' | 'logFileBytes' | 'logFiles'> {
  const driver = LogConfig?.Type || 'local';
  if (!['local', 'json-file', 'none'].includes(driver))
    throw new HttpError(
      400,
      `logger: no log driver named '${driver}' is registered; use local, json-file or none`,
    );
  const size = LogConfig?.Config.get('max-size');
  const files = LogConfig?.Config.get('max-file');
  return {
    logDriver: driver === 'none' ? 'none' : 'local',
    logFileBytes: size === undefined ? null : parseBytes(size, 'max-size'),
    logFiles: files === undefined ? null : Number(files),
  };
}

function storageSize({ StorageOpt }: AskedHost): number {
  const size = StorageOpt.get('size');
  return size === undefined ? 0 : parseBytes(size, 'StorageOpt.size');
}

function requireKnown({ Runtime, DeviceRequests }: AskedHost): void {
  if (!['', 'runc', 'liker'].includes(Runtime))
    throw new HttpError(400, `unknown or invalid runtime name: ${Runtime}: containers are run by liker`);
  if (DeviceRequests.length > 0)
    throw new HttpError(
      501,
      'Cannot give GPUs to containers: give the nodes of the device, as in --device /dev/nvidia0',
    );
}
