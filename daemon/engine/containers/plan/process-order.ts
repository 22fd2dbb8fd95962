import { cloneFlag, type Launch, type Step, type StepName } from '../../../kernel/plan/steps.ts';
import { flagNames } from './step-values.ts';
import { type ExplainedStep, explained, type StepGroup, type WordFacts } from './step-words.ts';

/** Kinds of steps that a helper, if there is one, carries out before it clones the process: is_leading in steps.c. */
const leading: ReadonlySet<StepName> = new Set([
  'join-cgroup',
  'oom-score',
  'join-namespace',
  'join-path',
  'raise-limit',
  'id-map',
  'join-user',
  'take',
  'take-below',
  'take-overlay',
  'take-devices',
  'take-mount',
  'take-of',
  'take-proc-of',
  'stream-owner',
  'host-proc',
  'chdir',
]);
/** Those for which there is one: read_record in launch.c. */
const helped: ReadonlySet<StepName> = new Set(['join-namespace', 'join-path', 'id-map', 'join-user']);

/** The steps of the plan, with the clones where begin.h has them. */
export function processSteps({ settings, steps }: Launch, facts: WordFacts): ExplainedStep[] {
  const inWords = (step: Step): ExplainedStep => explained(step, facts);
  const clone = (group: StepGroup, detail: string): ExplainedStep => ({ name: 'clone', group, detail });
  const { cloneFlags, cgroup2, joinPid } = settings;
  const process = `a process in new namespaces (${flagNames(cloneFlags)})`;
  const born = cgroup2 === '' ? '' : `, born in ${cgroup2}`;
  const count = steps.findIndex(({ step }) => !leading.has(step));
  const first = steps.slice(0, count);
  const rest = steps.slice(count);
  const enter = rest[0]?.step === 'enter-user' ? rest.slice(0, 1) : [];
  const inside = rest.slice(enter.length);
  if (joinPid)
    return [
      clone('namespaces', enter.length > 0 ? `a helper${born}` : process + born),
      ...first.map(inWords),
      inWords({ step: 'join-namespace', flag: cloneFlag.pid, ...joinPid }),
      ...enter.map(inWords),
      ...(enter.length > 0 ? [inWords({ step: 'unshare', flags: cloneFlags })] : []),
      ...inside.slice(0, -1).map(inWords),
      // Nobody there may trace it while it has more rights than the program.
      clone('program', 'its child is in the pid namespace that was joined, and goes on'),
      ...inside.slice(-1).map(inWords),
    ];
  if (!first.some(({ step }) => helped.has(step)))
    return [clone('namespaces', process + born), ...steps.map(inWords)];
  if (cloneFlags & cloneFlag.user) {
    const made = first.findIndex(({ step }) => step === 'id-map');
    return [
      clone('namespaces', 'a helper'),
      ...first.slice(0, made).map(inWords),
      clone('namespaces', `${process}${born}, which waits`),
      ...first.slice(made).map(inWords),
      ...rest.map(inWords),
    ];
  }
  return [
    clone('namespaces', 'a helper'),
    ...first.map(inWords),
    ...enter.map(inWords),
    clone('namespaces', process + born),
    ...inside.map(inWords),
  ];
}
