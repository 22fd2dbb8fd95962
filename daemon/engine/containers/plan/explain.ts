import type { CgroupWrite } from '../../../kernel/cgroup/preview.ts';
import type { Rate } from '../../../kernel/network/shaping.ts';
import { sysctlName } from '../../../kernel/network/sysctls.ts';
import type { Launch, StepName, StepOf } from '../../../kernel/plan/steps.ts';
import { rlimitNames } from '../../../kernel/security/rlimits.ts';
import { actionWord } from '../../../kernel/security/seccomp/action-word.ts';
import type { SeccompFilter } from '../../../kernel/security/seccomp/filter.ts';
import { instructionBytes } from '../../../kernel/security/seccomp/prologue.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { type ContainerNames, heldBy } from './held-names.ts';
import { processSteps } from './process-order.ts';
import { publishedWords } from './published-words.ts';
import { splitCapabilities } from './step-values.ts';
import type { ExplainedStep, SeccompFacts, WordFacts } from './step-words.ts';
import { isRoot } from './user.ts';

/** Everything that a start does, and what it is explained from. */
export interface PlannedStart extends ContainerNames {
  readonly spec: ContainerSpec;
  readonly launch: Launch;
  readonly cgroups: {
    /** The container's folders by hierarchy, as ContainerCgroup.paths. */
    readonly paths: Readonly<Record<string, string>>;
    /** Folders that root inside gets to divide. */
    readonly given: readonly string[];
    readonly writes: readonly CgroupWrite[];
  };
  /** What the interfaces of its network namespace may send; null: no limit. */
  readonly rate: Rate | null;
  /** Addresses of the host at which ports are published that name none. */
  readonly publishAddresses: readonly string[];
  /** The program that connects it to the outside; empty: none. */
  readonly connectedBy: string;
  /** What holds for its interfaces; null: nothing. */
  readonly egress: ContainerSpec['egress'];
  /** Null: no filter of system calls. */
  readonly seccomp: SeccompFilter | null;
}

export interface ExplainedPlan {
  /** In the order in which they are carried out. */
  readonly steps: readonly ExplainedStep[];
  /** CAP_ names. */
  readonly capabilities: { readonly kept: readonly string[]; readonly dropped: readonly string[] };
  /** Null: no filter of system calls. */
  readonly seccomp: (SeccompFacts & { readonly instructions: number; readonly flags: number }) | null;
  readonly cgroupWrites: readonly CgroupWrite[];
  /** Soft and hard are decimal text; 2^64 - 1 is unlimited. */
  readonly rlimits: readonly { readonly name: string; readonly soft: string; readonly hard: string }[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** NAME=VALUE where likerd chose the value, else NAME alone: what the user gave may be a secret. */
  readonly environment: readonly string[];
}

/** A start as a person or a program reads it. */
export function explainPlan(start: PlannedStart): ExplainedPlan {
  const { launch, cgroups } = start;
  const of = <Name extends StepName>(name: Name) =>
    launch.steps.filter((step): step is StepOf<Name> => step.step === name);
  const environment = of('exec').flatMap(({ env }) => shownEnvironment(start.spec, env));
  return {
    steps: [
      ...cgroupSteps(start),
      ...rateSteps(start),
      ...publishSteps(start),
      ...egressSteps(start),
      ...processSteps(launch, wordFacts(start, environment)),
    ],
    capabilities: splitCapabilities(of('bounding').at(-1)?.set ?? 0n),
    seccomp: filterOf(start),
    cgroupWrites: cgroups.writes,
    rlimits: of('rlimit').map(({ resource, soft, hard }) => ({
      name: rlimitNames[resource] ?? String(resource),
      soft,
      hard,
    })),
    sysctls: Object.fromEntries(of('sysctl').map(({ path, value }) => [sysctlName(path), value])),
    environment,
  };
}

function filterOf({ spec, seccomp }: PlannedStart): ExplainedPlan['seccomp'] {
  return (
    seccomp && {
      profile: spec.seccompProfile === '' ? 'builtin' : 'custom',
      rules: seccomp.rules,
      defaultAction: actionWord(seccomp.defaultAction),
      instructions: seccomp.program.length / instructionBytes,
      flags: seccomp.flags,
    }
  );
}

/** What likerd does to the control groups before the shim is there. */
function cgroupSteps({ cgroups: { paths, given, writes } }: PlannedStart): ExplainedStep[] {
  const made = [...Object.values(paths), ...given.filter((path) => !Object.values(paths).includes(path))];
  const folders = made.map(
    (path) => `mkdir ${path}${given.includes(path) ? ', for root inside to divide' : ''}`,
  );
  const byFile = Map.groupBy(writes, ({ file }) => file);
  return [
    ...folders.map((detail): ExplainedStep => ({ name: 'make-cgroup', group: 'cgroups', detail })),
    ...[...byFile].map(
      ([file, of]): ExplainedStep => ({
        name: of[0]?.knob === 'devices' ? 'devices' : 'limit',
        group: 'cgroups',
        detail: writeWords(
          file,
          of.map(({ value }) => value),
        ),
      }),
    ),
  ];
}

function rateSteps({ rate, spec }: PlannedStart): ExplainedStep[] {
  if (rate === null) return [];
  const what =
    spec.networks.length > 0
      ? "each of its interfaces, at the host's end, sends and receives"
      : 'each interface of its network namespace sends';
  const detail = `tc: ${what} ${rate.rateBits} bits a second, at most ${rate.ceilBits} (htb)`;
  return [{ name: 'rate', group: 'namespaces', detail }];
}

/** What likerd does on the host for each published port. */
function publishSteps({ spec, publishAddresses, connectedBy }: PlannedStart): ExplainedStep[] {
  const by = connectedBy || 'nftables';
  const kept = connectedBy === '' ? '; a socket keeps it from other programs' : '';
  return publishedWords(spec, publishAddresses).map(({ inside, outside }) => ({
    name: 'publish',
    group: 'namespaces',
    detail: `${by}: ${outside.map(({ text }) => text).join(' and ')} to ${inside}${kept}`,
  }));
}

function egressSteps({ egress }: PlannedStart): ExplainedStep[] {
  if (egress === null || egress.mode === 'all') return [];
  const what = egress.mode === 'none' ? 'nothing' : `only what is for ${egress.rules.join(', ')}`;
  const detail = `nftables: by the host's end of each interface leaves ${what}; what comes in is answered`;
  return [{ name: 'egress', group: 'namespaces', detail }];
}

const program = 'eBPF: ';

function writeWords(file: string, values: readonly string[]): string {
  if (!values.every((value) => value.startsWith(program))) return `${file} = ${values.join(', ')}`;
  return `eBPF program on ${file}: ${values.map((value) => value.slice(program.length)).join(', ')}`;
}

function wordFacts(start: PlannedStart, environment: readonly string[]): WordFacts {
  const { spec, launch, containers } = start;
  return {
    containers,
    environment,
    held: heldBy(launch.steps, { containers }),
    seccomp: filterOf(start),
    tty: spec.process.tty,
    maybeUser: launch.steps.some((step) => step.step === 'look-up-user' && !isRoot(step.user)),
  };
}

/** The values that likerd chose are shown, those that the user gave are not. */
function shownEnvironment({ process: { env } }: ContainerSpec, resolved: readonly string[]): string[] {
  const given = new Set(env.map(nameOf));
  return resolved.map((entry) => (given.has(nameOf(entry)) ? nameOf(entry) : entry));
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}
