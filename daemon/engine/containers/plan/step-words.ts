import { ms, type StepName, type StepOf } from '../../../kernel/plan/steps.ts';
import { capabilityNames } from '../../../kernel/security/capabilities.ts';
import { landlockAccess } from '../../../kernel/security/landlock.ts';
import { rlimitNames } from '../../../kernel/security/rlimits.ts';
import { instructionBytes } from '../../../kernel/security/seccomp/prologue.ts';
import { type ContainerNames, idmapWords, mapWords, processName } from './held-names.ts';
import {
  attributes,
  flagNames,
  idName,
  inBrackets,
  limitText,
  octal,
  options,
  propagationName,
  shellWord,
  splitCapabilities,
} from './step-values.ts';

/** What a step is about, in the order in which a reader meets them. */
export const stepGroups = [
  'cgroups',
  'namespaces',
  'root',
  'mounts',
  'devices',
  'identity',
  'hiding',
  'process',
  'rights',
  'program',
] as const;
export type StepGroup = (typeof stepGroups)[number];

export interface ExplainedStep {
  /** That of the plan's step, or of what likerd and the shim do around the plan: make-cgroup, limit, clone. */
  readonly name: string;
  readonly group: StepGroup;
  /** In words. */
  readonly detail: string;
}

/** Of a filter of system calls. */
export interface SeccompFacts {
  /** builtin, or custom: it was given. */
  readonly profile: 'builtin' | 'custom';
  /** How many of its rules hold here. */
  readonly rules: number;
  /** What it does with a call that no rule is for: a word of actionWord. */
  readonly defaultAction: string;
}

/** What the words need beside the step itself. */
export interface WordFacts extends ContainerNames {
  /** The environment as it may be shown. */
  readonly environment: readonly string[];
  /** What steps hold, by its number. */
  readonly held: readonly string[];
  /** Where the filter comes from; null: there is none. */
  readonly seccomp: SeccompFacts | null;
  readonly tty: boolean;
  /** Its user may be another than root: only its own root can tell. */
  readonly maybeUser: boolean;
}

type Words<Name extends StepName> = readonly [
  group: StepGroup,
  words: (step: StepOf<Name>, facts: WordFacts) => string,
];

/** Every kind of step in words. A new kind does not compile without its line here. */
const words: { readonly [Name in StepName]: Words<Name> } = {
  'join-cgroup': ['cgroups', ({ file }) => `write 0 to ${file}`],
  'oom-score': [
    'cgroups',
    ({ value }) => `oom_score_adj = ${value | 0}: how soon it is killed when memory is short`,
  ],
  'join-namespace': [
    'namespaces',
    ({ flag, pid }, facts) => `setns: the ${flagNames(flag)} namespace of ${processName(pid, facts)}`,
  ],
  'join-path': ['namespaces', ({ flag, path }) => `setns: the ${flagNames(flag)} namespace of ${path}`],
  unshare: ['namespaces', ({ flags }) => `new ${flagNames(flags)} namespace`],
  'id-map': ['namespaces', (maps) => `a user namespace with these maps, held: ${mapWords(maps)}`],
  'join-user': ['namespaces', ({ pid }, facts) => `the user namespace of ${processName(pid, facts)}, held`],
  'enter-user': [
    'namespaces',
    ({ namespace }, { held }) =>
      `the process is root in ${held[namespace]} from here on: here end all rights of the host's root`,
  ],
  chdir: ['namespaces', ({ path }) => `to ${path}, which root inside could not reach`],

  propagation: [
    'root',
    ({ flags }) =>
      flags & ms.SLAVE
        ? 'all mounts become slaves: what is mounted here does not reach the host'
        : `all mounts become ${propagationName(flags)}`,
  ],
  'root-overlay': [
    'root',
    ({ at, lowers, names, layer, volatile, userXattr }) =>
      `overlay on ${at} of ${names.length > 0 ? `${names.join(', ')} in ` : ''}${[...lowers, layer].join(', ')}${inBrackets([...(volatile ? ['volatile'] : []), ...(userXattr ? ['userxattr'] : [])])}`,
  ],
  'root-bind': [
    'root',
    ({ at, source, readOnly, overlay }) =>
      `${source} of the host on ${at}${readOnly ? ' (ro)' : ''}${overlay === '' ? '' : ', or, if a mount target is missing in it, an overlay'}`,
  ],
  'take-overlay': [
    'root',
    ({ lowers, names, layer, volatile, uid, gid, userXattr, below, folder, needs, ...step }, { held }) =>
      `overlay of ${names.length > 0 ? `${names.join(', ')} in ` : ''}${[...lowers, layer].map((tree) => held[tree]).join(', ')}, made as uid ${uid}, gid ${gid}, held${inBrackets([...(volatile ? ['volatile'] : []), ...(userXattr ? ['userxattr'] : []), ...attributes(step)])}${below === '' ? '' : `, of which only ${below}`}${folder === '' ? '' : `; if ${folder} has ${needs.join(' ')}, that alone`}`,
  ],
  'place-root': ['root', ({ tree }, { held }) => `${held[tree]} on the current directory, as the new root`],
  pivot: ['root', () => 'pivot_root: it becomes /, and the root of the host is detached'],
  directory: ['root', ({ target, mode }) => `${target}, mode ${octal(mode)}`],
  'root-read-only': ['root', () => '/ becomes read-only'],

  mount: [
    'mounts',
    ({ type, source, target, optional, ...step }) =>
      `${source === type ? type : `${type} ${source}`} on ${target}${inBrackets([...attributes(step), ...options(step)])}${optional ? ', if the kernel has it' : ''}`,
  ],
  bind: [
    'mounts',
    (step, facts) =>
      `${step.source} of the host on ${step.target}${inBrackets(cloneWords(step, facts))}${step.optional ? ', if it is there' : ''}`,
  ],
  cgroups: [
    'mounts',
    ({ target, folders, ...step }) =>
      `its own control groups below ${target}${inBrackets(attributes(step))}: ${folders.map(([name]) => name).join(' ')}`,
  ],
  'bind-of': [
    'mounts',
    ({ pid, path, optional, ...step }, facts) =>
      `${path} of ${processName(pid, facts)} on ${path}${inBrackets(attributes(step))}${optional ? ', if it is there' : ''}`,
  ],
  'proc-of': [
    'mounts',
    ({ pid, ...step }, facts) => `proc of ${processName(pid, facts)} on /proc${inBrackets(attributes(step))}`,
  ],
  'file-store': [
    'mounts',
    ({ at, size }) => `tmpfs for the files that follow, on ${at || 'the current directory'} (size=${size})`,
  ],
  file: [
    'mounts',
    ({ target, content, ...step }) =>
      `a file of its own on ${target} (${[`${Buffer.byteLength(content)} bytes`, ...attributes(step)].join(',')})`,
  ],
  secret: [
    'mounts',
    ({ target, mode, uid, gid }) =>
      `a secret on ${target} (ro), mode ${octal(mode)}, for uid ${uid}, gid ${gid}`,
  ],
  take: [
    'mounts',
    (step, facts) =>
      `clone ${step.source} of the host${inBrackets(cloneWords(step, facts))}, held${step.optional ? ', if it is there' : ''}`,
  ],
  'take-below': [
    'mounts',
    (step, facts) =>
      `clone ${step.path} in ${step.source} of the host, through no link${inBrackets(cloneWords(step, facts))}, held`,
  ],
  fill: [
    'mounts',
    ({ tree, target, again }, { held }) =>
      `copy what the root has at ${target} into ${held[tree]}${again ? ', where such a copy was begun' : ', if that is empty'}`,
  ],
  hold: ['program', () => 'stays, until the files are not needed any more'],
  attach: [
    'mounts',
    ({ trees }, { held }) => trees.map(([tree, target]) => `${held[tree]} on ${target}`).join(', '),
  ],
  'take-mount': [
    'mounts',
    ({ type, source, optional, ...step }) =>
      `${source === type ? type : `${type} ${source}`}, held${inBrackets([...attributes(step), ...options(step)])}${optional ? ', if the kernel has it' : ''}`,
  ],
  'take-of': [
    'mounts',
    ({ pid, path, optional, ...step }, facts) =>
      `clone ${path} of ${processName(pid, facts)}${inBrackets(attributes(step))}, held${optional ? ', if it is there' : ''}`,
  ],
  'enter-container': [
    'mounts',
    ({ pid, user }, facts) =>
      `setns: the mount namespace${user ? ' and the user namespace' : ''} of ${processName(pid, facts)}`,
  ],
  'add-mount': [
    'mounts',
    ({ tree, target, optional, ...step }, { held }) =>
      `${held[tree]} on ${target}${inBrackets(attributes(step))}, if nothing is mounted there${optional ? ' and it is there' : ''}`,
  ],
  'remove-mount': [
    'mounts',
    ({ target, lazy }) => `unmount ${target}${lazy ? ', even if it is in use' : ''}`,
  ],
  'rewrite-file': ['mounts', ({ target }) => `other content for ${target}, if likerd has placed it`],
  'take-proc-of': [
    'mounts',
    ({ pid, ...step }, facts) =>
      `clone proc of ${processName(pid, facts)}${inBrackets(attributes(step))}, held`,
  ],
  place: [
    'mounts',
    ({ tree, target, optional }, { held }) =>
      `${held[tree]} on ${target}${optional ? ', if it can be made' : ''}`,
  ],

  device: ['devices', ({ target, ...node }) => `${target}: ${nodeWords(node, { uid: 0, gid: 0 })}`],
  'take-devices': [
    'devices',
    ({ uid, gid, size, nodes }) =>
      `tmpfs for /dev of uid ${uid}, gid ${gid}, held (size=${size}), with ${nodes.map(({ name, ...node }) => `${name}: ${nodeWords(node, { uid, gid })}`).join('; ')}`,
  ],
  'place-device': ['devices', ({ name, target }) => `/dev/${name} is moved to ${target}`],
  symlink: ['devices', ({ target, to }) => `${target} -> ${to}`],
  terminal: [
    'devices',
    ({ console, uid, gid }) =>
      `open ${console ? "the container's own /dev/pts/ptmx, hand it to the shim, and bind the other end on /dev/console" : 'a terminal of /dev/pts/ptmx'}, for uid ${idName(uid)}, gid ${gid}`,
  ],

  hostname: ['identity', ({ name }) => name],
  domainname: ['identity', ({ name }) => name],
  loopback: ['identity', () => 'the interface lo goes up'],
  'await-network': ['identity', () => 'wait until the network is connected'],
  'await-daemon': ['identity', () => 'wait until likerd has called the plugins of CNI, which connect it'],
  connect: ['identity', connectWords],
  sysctl: ['identity', ({ path, value }) => `/proc/sys/${path} = ${value}`],

  mask: ['hiding', ({ target }) => target],
  'read-only': ['hiding', ({ target }) => target],

  'look-up-user': [
    'process',
    ({ user, group, moreGroups }) =>
      `in /etc/passwd and /etc/group of the new root: user ${user || 'root'}, group ${group ?? 'its own'}${moreGroups.length > 0 ? `, and ${moreGroups.join(' ')}` : ''}`,
  ],
  stdio: ['process', (_, { tty }) => `${tty ? 'the terminal' : 'pipes of the shim'} as 0, 1 and 2`],
  rlimit: [
    'process',
    ({ resource, soft, hard }) =>
      `${rlimitNames[resource] ?? resource} ${limitText(soft)}, at most ${limitText(hard)}`,
  ],
  'raise-limit': [
    'process',
    ({ resource, hard }) =>
      `${rlimitNames[resource] ?? resource}: the hard limit becomes at least ${limitText(hard)}, while that is allowed`,
  ],
  'stream-owner': ['process', ({ uid, gid }) => `the pipes of the shim belong to uid ${uid}, gid ${gid}`],
  umask: ['process', ({ mask }) => octal(mask)],
  cwd: [
    'process',
    ({ path, create }) => `${path}${create ? ', made if missing' : ''}; it must be below the root`,
  ],

  groups: ['rights', ({ gids }) => (gids.length > 0 ? gids.join(' ') : 'none')],
  'no-new-privileges': [
    'rights',
    () => 'no program gives it more rights: setuid bits and file capabilities are void',
  ],
  seccomp: ['rights', filterWords],
  'seccomp-flags': [
    'rights',
    (step, facts) => `${filterWords(step, facts)}; flags ${step.flags} of seccomp(2)`,
  ],
  'host-proc': ['rights', () => "open the host's /proc, for the label"],
  'exec-label': ['rights', ({ attribute, value }) => `/proc/thread-self/attr/${attribute} = ${value}`],
  landlock: ['rights', landlockWords],
  bounding: ['rights', ({ set }) => keptAndDropped(set)],
  user: ['rights', ({ uid, gid }) => `uid ${idName(uid)}, gid ${idName(gid)}`],
  capabilities: [
    'rights',
    (step, { maybeUser }) =>
      `${capabilityWords(step)}${maybeUser ? '; for another user than root: none' : ''}`,
  ],

  init: ['program', () => 'fork: this process executes liker-init as pid 1, its child goes on'],
  exec: [
    'program',
    ({ args }, { environment }) => `${args.map(shellWord).join(' ')} (environment: ${environment.join(' ')})`,
  ],
};

function connectWords({ resolver, sysctls, requests }: StepOf<'connect'>): string {
  const made = [...new Set(requests.map(({ words }) => words))];
  return [
    'wait until the shim has connected the network namespace',
    ...(sysctls.length > 0
      ? [`in it ${sysctls.map(([path, value]) => `/proc/sys/${path} = ${value}`).join(', ')}`]
      : []),
    made.join(', '),
    ...(resolver === '' ? [] : [`sockets at 127.0.0.11:53 for ${resolver}`]),
  ].join('; ');
}

/** Where it may still write, and read, and which ports it may use. */
function landlockWords({ files, ports, allowedPaths, allowedPorts }: StepOf<'landlock'>): string {
  const { makeFile, writeFile, bindTcp, connectTcp } = landlockAccess;
  const kindOf = (access: bigint) =>
    access & makeFile ? 'may change' : access & writeFile ? 'may read and write in' : 'may read';
  const byKind = Map.groupBy(allowedPaths, ([, access]) => kindOf(access));
  const ofFiles = [...byKind].map(([kind, of]) => `${kind} ${of.map(([path]) => path).join(' ')}`);
  const portsFor = (words: string, access: bigint) => {
    const allowed = allowedPorts.flatMap(([port, on]) => (on === access ? [port] : []));
    return (ports & access) === 0n ? [] : [`${words} ${allowed.join(' ') || 'no port'}`];
  };
  return [
    ...(files === 0n ? [] : [...ofFiles, 'no other files']),
    ...portsFor('TCP connections only to', connectTcp),
    ...portsFor('TCP sockets only on', bindTcp),
  ].join('; ');
}

export function explained<Name extends StepName>(
  step: StepOf<Name> & { readonly step: Name },
  facts: WordFacts,
): ExplainedStep {
  const [group, say] = words[step.step] as Words<Name>;
  return { name: step.step, group, detail: say(step, facts) };
}

function keptAndDropped(set: bigint): string {
  const { kept, dropped } = splitCapabilities(set);
  return `keep ${kept.join(' ') || 'none'}; drop for good ${dropped.join(' ') || 'none'}`;
}

/** A device node; its owner, where it is not the usual one. */
function nodeWords(
  { type, major, minor, mode, uid, gid }: Omit<StepOf<'take-devices'>['nodes'][number], 'name'>,
  usual: { readonly uid: number; readonly gid: number },
): string {
  const owner = uid === usual.uid && gid === usual.gid ? '' : `, uid ${uid}, gid ${gid}`;
  return `${type} ${major}:${minor}, mode ${octal(mode)}${owner}`;
}

function filterWords({ filter }: { readonly filter: Uint8Array }, { seccomp }: WordFacts): string {
  const size = `a filter of ${filter.length / instructionBytes} instructions`;
  if (seccomp === null) return size;
  const { profile, rules, defaultAction } = seccomp;
  const whose = profile === 'builtin' ? 'the built-in profile' : 'the profile that was given';
  return `${size} from ${whose} (${rules} rules; other calls: ${defaultAction})`;
}

function capabilityWords({ effective, permitted, inheritable, ambient }: StepOf<'capabilities'>): string {
  const sets = { effective, permitted, inheritable, ambient };
  const byNames = Map.groupBy(Object.keys(sets) as (keyof typeof sets)[], (key) =>
    capabilityNames(sets[key]).join(' '),
  );
  return [...byNames].map(([names, keys]) => `${keys.join(', ')}: ${names || 'none'}`).join('; ');
}

function cloneWords(step: StepOf<'bind' | 'take' | 'take-below'>, facts: WordFacts): string[] {
  return [
    ...attributes(step),
    ...(step.topOnly ? ['this mount only'] : []),
    ...(step.recursive ? [] : ['nonrecursive']),
    ...(step.propagation ? [propagationName(step.propagation)] : []),
    ...idmapWords(step.map, facts.held),
  ];
}
