import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { badArgument } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import { parseSignal } from '../../common/signals.ts';
import { parseBytes } from '../../common/units.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { EntrypointInput } from '../../proto/gen/types/liker/v1/Entrypoint.ts';
import type { LimitsMode } from '../../proto/gen/types/liker/v1/LimitsMode.ts';
import type { RootfsInput } from '../../proto/gen/types/liker/v1/Rootfs.ts';
import type { TerminalSizeInput } from '../../proto/gen/types/liker/v1/TerminalSize.ts';
import type { FlagValues } from '../cli/flag.ts';
import { defined } from './defined.ts';
import { parseDevice, parseDeviceRule } from './devices.ts';
import { parseEgress } from './egress.ts';
import { collectLabels, splitPair } from './env.ts';
import { parseHealthCheck } from './health.ts';
import { invalidFlag } from './invalid-flag.ts';
import { parseLog } from './log.ts';
import { parseMounts } from './mounts.ts';
import { parseNamespaces } from './namespaces.ts';
import { parseNetworks } from './networks.ts';
import { parseExposed, parsePorts } from './ports.ts';
import { parseOnDisconnect, parseProcess } from './process-spec.ts';
import { parseResources } from './resources.ts';
import { parseRestart } from './restart.ts';
import { parseRootfs } from './rootfs.ts';
import { graceSeconds, seconds } from './seconds.ts';
import { parseSecret } from './secrets.ts';
import { parseSecurityOptions } from './security.ts';

const limitsModes: Readonly<Record<string, LimitsMode>> = {
  strict: 'LIMITS_MODE_STRICT',
  'best-effort': 'LIMITS_MODE_BEST_EFFORT',
};

/** true: unset, since it is likerd who knows the program of an image. */
const systemdModes: Readonly<Record<string, boolean>> = { always: true, false: false };

/** The specification for `run [flags] ROOTFS [COMMAND…]`. Throws BAD_ARGUMENT. */
export function parseContainerSpec(
  flags: FlagValues,
  [rootfsText = '', ...command]: readonly string[],
  terminalSize: TerminalSizeInput | undefined,
): ContainerSpecInput {
  const rootfs = parseRootfs(rootfsText);
  const entrypoint = parseEntrypoint(flags, rootfs);
  const { mode, networks } = parseNetworks(flags);
  return {
    name: flags.text('name') ?? '',
    rootfs,
    entrypoint,
    process: parseProcess(flags, commandIn(rootfs, { entrypoint, command }), terminalSize),
    hostname: flags.text('hostname') ?? '',
    domainname: flags.text('domainname') ?? '',
    namespaces: parseNamespaces(flags, mode),
    networks,
    ...parsePorts(flags, mode),
    egress: parseEgress(flags),
    mounts: parseMounts(flags),
    volumesFrom: [...flags.list('volumes-from')],
    secrets: flags.list('secret').map(parseSecret),
    readOnly: flags.bool('read-only'),
    capAdd: [...flags.list('cap-add')],
    capDrop: [...flags.list('cap-drop')],
    sysctls: Object.fromEntries(flags.list('sysctl').map((item) => splitPair(item, 'sysctl'))),
    extraHosts: flags.list('add-host').map((text) => parseHost(text, mode)),
    dns: [...flags.list('dns')],
    dnsSearch: [...flags.list('dns-search')],
    dnsOptions: [...flags.list('dns-option')],
    exposedPorts: flags.list('expose').map(parseExposed),
    labels: collectLabels(flags.list('label-file'), flags.list('label')),
    resources: parseResources(flags),
    devices: flags.list('device').map(parseDevice),
    deviceRules: flags.list('device-cgroup-rule').map(parseDeviceRule),
    cgroupParent: flags.text('cgroup-parent') ?? '',
    limits: own(limitsModes, flags.text('limits') ?? '') ?? 'LIMITS_MODE_UNSPECIFIED',
    ...parseLog(flags),
    layerSizeBytes: parseStorageOptions(flags.list('storage-opt')),
    stopSignal: stopSignal(flags),
    autoRemove: flags.bool('rm'),
    timeoutSeconds: seconds(flags, 'timeout') ?? 0,
    onDisconnect: parseOnDisconnect(flags),
    healthCheck: parseHealthCheck(flags, rootfs),
    restart: parseRestart(flags.text('restart') || 'no'),
    ...parseSecurityOptions(flags.list('security-opt')),
    ...defined({
      shmSizeBytes: flags.has('shm-size')
        ? parseBytes(flags.text('shm-size') ?? '', '--shm-size')
        : undefined,
      init: flags.has('init') ? flags.bool('init') : undefined,
      systemd: own(systemdModes, flags.text('systemd') ?? ''),
      stopTimeoutSeconds: graceSeconds(flags, 'stop-timeout'),
    }),
  };
}

/** Docker's size=BYTES, of the container's own layer; 0 without it. */
function parseStorageOptions(options: readonly string[]): number {
  const sizes = options.map((option) => {
    const [, size = ''] = /^size=(.+)$/s.exec(option) ?? [];
    if (size === '') throw invalidFlag('storage-opt', option, 'the only one is size=BYTES, such as size=10g');
    return parseBytes(size, '--storage-opt size');
  });
  if (sizes.length > 1) throw invalidFlag('storage-opt', options.join(' '), 'size is given twice');
  return sizes[0] ?? 0;
}

/** Null: the image's. An empty one, which a script may give without meaning it, takes an image's away. */
function parseEntrypoint(flags: FlagValues, { image }: RootfsInput): EntrypointInput | null {
  const program = flags.text('entrypoint');
  if (program === undefined || (program === '' && image === undefined)) return null;
  return { args: program === '' ? [] : [program] };
}

/** A directory names no command, so the default is a shell: bash if it is there. */
function commandIn(
  { directory }: RootfsInput,
  {
    entrypoint,
    command,
  }: { readonly entrypoint: EntrypointInput | null; readonly command: readonly string[] },
): readonly string[] {
  if (directory === undefined || entrypoint !== null || command.length > 0) return command;
  const hasBash = ['bin/bash', 'usr/bin/bash'].some((path) => existsSync(join(directory, path)));
  return [hasBash ? 'bash' : 'sh'];
}

/** Parses HOST:IP, and Docker's HOST=IP, which is clearer with an IPv6 address. `mode`: of parseNetworks. */
function parseHost(text: string, mode: string): string {
  const [, host, ip] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  if (host === undefined || ip === undefined) throw invalidFlag('add-host', text, 'use HOST:IP');
  if (ip === 'host-gateway') return `${host}:${hostGateway(text, mode)}`;
  return `${host}:${ip.replace(/^\[(.*)\]$/, '$1')}`;
}

/** On the host's network the host is at its loopback; on one of Liker's, likerd knows its address. */
function hostGateway(text: string, mode: string): string {
  if (mode === 'host') return '127.0.0.1';
  if (mode === '') return 'host-gateway';
  throw badArgument(
    'add-host',
    `Cannot use --add-host '${text}' with --network ${mode}: host-gateway is the host in one of likerd's networks`,
  );
}

function stopSignal(flags: FlagValues): string {
  const signal = flags.text('stop-signal') ?? '';
  if (signal !== '') parseSignal(signal, '--stop-signal');
  return signal;
}
