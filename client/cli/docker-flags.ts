import { noVolumeDrivers } from './docker-texts.ts';
import type { Flag } from './flag.ts';

// Docker's flags that Liker's commands do not have. A flag that asks for what Liker does anyway is accepted without effect; any
// other is refused with what to do instead. docs/docker.md lists them.

const noWindows = 'it is a flag of Windows containers';
const noCheckpoints = 'checkpoints on disk do not exist. pause and unpause keep a container in memory';
const noSwarm = 'it is for a swarm, and likerd runs the containers of one machine';
const noLinks =
  "containers of one network find each other by name: make one with 'likerctl network create NET', give both --network NET, and the one that is looked for --network-alias NAME";
const noLinkLocal = 'give the container a network with a subnet of its own';
const noTcp = 'likerd listens on a Unix socket only. Forward it to other machines with ssh -L';

/** For run and create. */
const creation = (): readonly Flag[] => [
  passes('disable-content-trust', 'bool'),
  passes('kernel-memory', 'string'),
  passesAs('isolation', 'string', /^default$/, noWindows),
  passesAs('runtime', 'string', /^(runc|io\.containerd\.runc\.v2)$/, 'likerd starts containers itself'),
  refused('annotation', 'list', 'it is for OCI runtimes, and likerd starts containers itself. Use --label'),
  refused('gpus', 'string', 'name the device files, such as --device /dev/dri or --device /dev/nvidia0'),
  refused('link', 'list', noLinks),
  refused('link-local-ip', 'list', noLinkLocal),
  refused('use-api-socket', 'bool', 'mount the socket with -v /run/liker/liker.sock:/run/liker/liker.sock'),
  passesAs('volume-driver', 'string', /^local$/, noVolumeDrivers),
  refused('cpu-count', 'int', `${noWindows}. Use --cpus`),
  refused('cpu-percent', 'int', `${noWindows}. Use --cpus`),
  refused('io-maxbandwidth', 'int', `${noWindows}. Use --device-read-bps and --device-write-bps`),
  refused('io-maxiops', 'int', `${noWindows}. Use --device-read-iops and --device-write-iops`),
];

/** Docker's flags for a command, without those that the command has itself. */
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
    case 'network create':
      return [
        passes('attachable', 'bool'),
        passesAs('scope', 'string', /^local$/, noSwarm),
        passesAs('ipam-driver', 'string', /^default$/, 'likerd gives addresses itself. Use --subnet'),
        refused('ipam-opt', 'list', 'likerd gives addresses itself. Use --subnet'),
        refused('config-from', 'string', noSwarm),
        refused('config-only', 'bool', noSwarm),
        refused('ingress', 'bool', noSwarm),
      ];
    case 'network connect':
      return [
        refused('driver-opt', 'list', 'there are none for a single container'),
        refused('link', 'list', 'containers of a network find each other by name. Use --alias'),
        refused('link-local-ip', 'list', noLinkLocal),
      ];
    case 'network inspect':
      return [passes('verbose', 'bool', 'v')];
    case 'container prune':
      return [
        { ...refused('all', 'bool', "images go with 'likerctl image prune -a'"), short: 'a' },
        refused('volumes', 'bool', "volumes go with 'likerctl volume prune'"),
      ];
    default:
      return [];
  }
}

/** Docker's flags that stand before the command. */
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

/** Values by which a script passes a flag without asking for anything. */
const nothing = { bool: 'false', int: '0', string: '' } as const;

/** Throws an Error for a value that is not accepted, with what to do instead. */
export function checkDockerFlag({ name, type, docker }: Flag, value: string): void {
  if (docker === undefined || docker.passes?.test(value)) return;
  if (type !== 'list' && value === nothing[type]) return;
  const shown = docker.passes === undefined ? `--${name}` : `--${name} '${value}'`;
  throw new Error(`${shown} is not supported yet: ${docker.instead}`);
}

/** A flag that is accepted without effect. */
function passes(name: string, type: Flag['type'], short?: string): Flag {
  return { ...passesAs(name, type, /^/, ''), ...(short !== undefined && { short }) };
}

/** A flag that is accepted without effect for these values and refused for others. */
function passesAs(name: string, type: Flag['type'], values: RegExp, instead: string): Flag {
  return { name, type, help: '', docker: { passes: values, instead } };
}

function refused(name: string, type: Flag['type'], instead: string): Flag {
  return { name, type, help: '', docker: { instead } };
}
