import { arch } from 'node:os';
import { own } from '../../common/own.ts';
import { noImages, noNetworks, noVolumes } from './docker-texts.ts';
import type { Flag } from './flag.ts';

// Docker's flags that Liker's commands do not have: those that ask for what Liker does anyway pass, the others are refused
// with what to do instead. docs/docker.md documents them.

const noWindows = 'it is a flag of Windows containers';
const noUsers = 'there are no user namespaces. -u gives the process another user than root';
const noCheckpoints = 'a container cannot be written to the disk. pause and unpause keep it in memory';
const noTcp = 'likerd listens on a Unix socket only. ssh -L carries it to other machines';

const machineNames: Readonly<Record<string, string>> = { x64: 'amd64|x86_64|x86-64', arm64: 'arm64|aarch64' };

/** The platform of this machine's programs. */
const ownPlatform = new RegExp(`^linux(/(${own(machineNames, arch()) ?? arch()})(/v\\d+)?)?$`);

/** Flags of run and create. */
const creation = (): readonly Flag[] => [
  passes('disable-content-trust', 'bool'),
  passes('quiet', 'bool', 'q'),
  passes('kernel-memory', 'string'),
  passesAs('expose', 'list', /^\d+(-\d+)?(\/(tcp|udp|sctp))?$/, 'give PORT[-PORT][/PROTOCOL]'),
  passesAs('isolation', 'string', /^default$/, noWindows),
  passesAs('platform', 'string', ownPlatform, 'programs run on the processor of this machine only'),
  passesAs('pull', 'string', /^(missing|never)$/, `there is nothing to pull; ${noImages}`),
  passesAs('runtime', 'string', /^(runc|io\.containerd\.runc\.v2)$/, 'likerd starts containers itself'),
  passesAs('userns', 'string', /^host$/, noUsers),
  refused('annotation', 'list', 'it is for OCI runtimes, and likerd starts containers itself. Use --label'),
  refused('gpus', 'string', 'name the device files, such as --device /dev/dri or --device /dev/nvidia0'),
  { ...refused('publish', 'list', noNetworks), short: 'p' },
  { ...refused('publish-all', 'bool', noNetworks), short: 'P' },
  refused('ip', 'string', noNetworks),
  refused('ip6', 'string', noNetworks),
  refused('link', 'list', noNetworks),
  refused('link-local-ip', 'list', noNetworks),
  refused('mac-address', 'string', noNetworks),
  { ...refused('network-alias', 'list', noNetworks), aliases: ['net-alias'] },
  refused(
    'storage-opt',
    'list',
    'layers have no limit of their own. Use --read-only and --tmpfs /PATH:size=64m',
  ),
  refused('use-api-socket', 'bool', 'mount the socket with -v /run/liker/liker.sock:/run/liker/liker.sock'),
  refused('volume-driver', 'string', noVolumes),
  refused('volumes-from', 'list', 'give both containers the same -v or --mount'),
  refused('cpu-count', 'int', `${noWindows}. Use --cpus`),
  refused('cpu-percent', 'int', `${noWindows}. Use --cpus`),
  refused('io-maxbandwidth', 'int', `${noWindows}. Use --device-read-bps and --device-write-bps`),
  refused('io-maxiops', 'int', `${noWindows}. Use --device-read-iops and --device-write-iops`),
];

/** Docker's flags of a command that are not among its own. */
export function dockerFlags(command: string): readonly Flag[] {
  switch (command) {
    case 'run':
      return creation();
    case 'create':
      return [...creation(), passes('attach', 'list', 'a')];
    case 'start':
      return [
        refused('checkpoint', 'string', noCheckpoints),
        refused('checkpoint-dir', 'string', noCheckpoints),
      ];
    case 'rm':
      return [{ ...refused('link', 'bool', 'containers have no links'), short: 'l' }];
    case 'logs':
      return [passes('details', 'bool')];
    case 'update':
      return [passes('kernel-memory', 'string')];
    case 'container prune':
      return [passes('all', 'bool', 'a'), passes('volumes', 'bool')];
    default:
      return [];
  }
}

/** Docker's flags before the command. */
export function globalDockerFlags(): readonly Flag[] {
  return [
    passes('config', 'string'),
    passes('debug', 'bool', 'D'),
    passes('log-level', 'string', 'l'),
    { ...passesAs('context', 'string', /^default$/, 'name the daemon with -H unix://PATH'), short: 'c' },
    ...['tls', 'tlsverify'].map((name) => refused(name, 'bool', noTcp)),
    ...['tlscacert', 'tlscert', 'tlskey'].map((name) => refused(name, 'string', noTcp)),
  ];
}

/** Values by which a script asks for nothing. */
const nothing = { bool: 'false', int: '0', string: '' } as const;

/** Throws an Error that says what to do instead. */
export function checkDockerFlag({ name, type, docker }: Flag, value: string): void {
  if (docker === undefined || docker.passes?.test(value)) return;
  if (type !== 'list' && value === nothing[type]) return;
  const shown = docker.passes === undefined ? `--${name}` : `--${name} '${value}'`;
  throw new Error(`${shown} is not supported yet: ${docker.instead}`);
}

/** It asks for what Liker does anyway, or for something that does not exist here. */
function passes(name: string, type: Flag['type'], short?: string): Flag {
  return { ...passesAs(name, type, /^/, ''), ...(short !== undefined && { short }) };
}

/** Passes with some values only. */
function passesAs(name: string, type: Flag['type'], values: RegExp, instead: string): Flag {
  return { name, type, help: '', docker: { passes: values, instead } };
}

function refused(name: string, type: Flag['type'], instead: string): Flag {
  return { name, type, help: '', docker: { instead } };
}
