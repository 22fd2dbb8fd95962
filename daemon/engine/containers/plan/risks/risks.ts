import { isLoopback } from '../../../../../common/ip-address.ts';
import { publishedWords } from '../published-words.ts';
import { capabilityRisks } from './capabilities.ts';
import { deviceRisks } from './devices.ts';
import {
  type Found,
  hasCapability,
  isHostRoot,
  mayBeRoot,
  type RiskFacts,
  startsAsRoot,
  when,
} from './facts.ts';
import { fileRisks, socketRisks } from './files.ts';
import { type Severity, severities } from './places.ts';

export interface Risk extends Found {
  readonly severity: Severity;
  /** The name of the rule: stable, for programs. */
  readonly rule: RuleName;
}

type Rule = (facts: RiskFacts) => readonly Found[];

/** Each rule by its name. Of equal severity, what an earlier rule finds comes first. */
const rules = {
  privileged: (facts) =>
    facts.spec.process.privileged
      ? isHostRoot(facts)
        ? when(
            true,
            'critical',
            "has every capability and every device of the host's root, and no filter of system calls, since --privileged",
          )
        : when(
            true,
            'high',
            'has every capability within its user namespace, and no filter of system calls, since --privileged',
          )
      : [],

  'engine-socket': socketRisks,

  'host-files': (facts) => facts.mounts.flatMap((mount) => fileRisks(mount, facts)),

  disk: deviceRisks,

  capability: capabilityRisks,

  'host-root': ({ spec, engineIsRoot, isMapped, whyUnmapped }) => {
    if (isMapped) return [];
    const who = engineIsRoot ? 'root on the host' : 'the user who runs likerd';
    const root = `root inside is ${who}${whyUnmapped === '' ? ', since --userns host' : `: ${whyUnmapped}`}`;
    if (startsAsRoot(spec)) return when(true, engineIsRoot ? 'high' : 'medium', root);
    return when(
      mayBeRoot(spec),
      engineIsRoot ? 'medium' : 'low',
      `${root}; it starts as user ${spec.process.user}, but a setuid program can make it root`,
    );
  },

  'system-calls': ({ spec, filter }) => [
    ...when(
      filter === null && !spec.process.privileged,
      'high',
      `can make every system call: there is no filter, since ${spec.seccompUnconfined ? '--security-opt seccomp=unconfined' : 'this machine has none'}`,
    ),
    ...when(
      filter !== null && ['allow', 'log'].includes(filter.defaultAction),
      'medium',
      'can make every system call that its seccomp profile does not name',
    ),
  ],

  'system-paths': (facts) => {
    const { spec, readOnlyPaths } = facts;
    if (spec.unmaskPaths.length === 0 || spec.process.privileged) return [];
    const since = `since --security-opt unmask=${spec.unmaskPaths.join(':')}`;
    return isHostRoot(facts) && mayBeRoot(spec) && !readOnlyPaths.includes('/proc/sys')
      ? when(true, 'critical', `can change kernel parameters of the host below /proc/sys, ${since}`)
      : when(true, 'medium', `sees paths of /proc and /sys that are hidden by default, ${since}`);
  },

  'host-pid': (facts) => {
    const { pid } = facts.spec.namespaces;
    if (pid.kind === 'container')
      return when(
        true,
        'low',
        `sees the processes of container ${facts.nameOf(pid.id)}, and can signal them`,
      );
    if (pid.kind !== 'host') return [];
    const since = 'since --pid host';
    if (!isHostRoot(facts) || !mayBeRoot(facts.spec))
      return when(true, 'medium', `sees all processes of the host and their arguments, ${since}`);
    return hasCapability(facts, 'SYS_PTRACE')
      ? when(true, 'critical', `can take over any process of the host, ${since} with CAP_SYS_PTRACE`)
      : when(true, 'high', `sees all processes of the host and can kill them, ${since}`);
  },

  'host-network': (facts) => {
    const { network } = facts.spec.namespaces;
    if (network.kind === 'container')
      return when(true, 'low', `shares the network of container ${facts.nameOf(network.id)}`);
    if (network.kind === 'path') return when(true, 'low', `is in the network of ${network.path}`);
    if (network.kind !== 'host') return [];
    const since = 'since --network host';
    const rights = isHostRoot(facts) && mayBeRoot(facts.spec);
    return [
      ...when(
        rights && hasCapability(facts, 'NET_ADMIN'),
        'high',
        `can change the interfaces, routes and packet filter of the host, ${since} with CAP_NET_ADMIN`,
      ),
      ...when(
        true,
        'high',
        `shares the network of the host: it reaches services that listen on its loopback or on abstract sockets${rights && hasCapability(facts, 'NET_RAW') ? ', and can read and forge packets' : ''}, ${since}`,
      ),
    ];
  },

  'host-ipc': ({
    spec: {
      namespaces: { ipc },
    },
    nameOf,
  }) => [
    ...when(
      ipc.kind === 'host',
      'medium',
      'shares shared memory and message queues with the host, since --ipc host',
    ),
    ...(ipc.kind === 'container'
      ? when(true, 'low', `shares shared memory and message queues with container ${nameOf(ipc.id)}`)
      : []),
  ],

  'host-cgroup': ({ spec }) =>
    when(
      spec.namespaces.cgroup.kind === 'host',
      'low',
      'sees the control groups of the host, since --cgroupns host',
    ),

  'open-ports': ({ spec, publishAddresses }) =>
    publishedWords(spec, publishAddresses).flatMap(({ inside, outside }) => {
      const open = outside.filter(({ address }) => !isLoopback(address)).map(({ text }) => text);
      const where = open.join(' and ');
      return when(open.length > 0, 'low', `other machines reach its port ${inside} at ${where}`);
    }),

  'memory-limit': (facts) =>
    when(
      !isLimited(facts, 'memory.max_bytes'),
      'medium',
      'can use all memory of the host: there is no limit (--memory)',
    ),

  'process-limit': (facts) =>
    when(
      !isLimited(facts, 'pids.max'),
      'medium',
      'can use up the process ids of the host: there is no limit (--pids-limit)',
    ),

  'out-of-memory': ({
    spec: {
      process,
      resources: { memory },
    },
  }) => [
    ...when(
      memory.oomKillDisable === true,
      'medium',
      'hangs when it reaches its limit on memory, since --oom-kill-disable',
    ),
    ...when(
      (process.oomScoreAdj ?? 0) < 0,
      'low',
      `others are killed before it when memory is short, since --oom-score-adj ${process.oomScoreAdj}`,
    ),
  ],

  propagation: ({ mounts }) =>
    mounts
      .filter(({ shared }) => shared)
      .flatMap(({ source, target }) =>
        when(true, 'medium', `what it mounts below ${target} appears below ${source} of the host`),
      ),

  'new-privileges': (facts) =>
    when(
      facts.isMapped && !startsAsRoot(facts.spec) && mayBeRoot(facts.spec),
      'low',
      'a setuid program can make it root inside, without --security-opt no-new-privileges',
    ),
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof rules;
export const ruleNames = Object.keys(rules) as readonly RuleName[];

/** The risks of a container, the most dangerous first. */
export function risksOf(facts: RiskFacts): Risk[] {
  const found = ruleNames.flatMap((rule) => rules[rule](facts).map((risk): Risk => ({ rule, ...risk })));
  return severities.flatMap((severity) => found.filter((risk) => risk.severity === severity));
}

/** Whether a limit is written, and is one. */
function isLimited({ cgroupWrites }: RiskFacts, knob: string): boolean {
  return cgroupWrites.some((write) => write.knob === knob && !['max', '-1'].includes(write.value));
}
