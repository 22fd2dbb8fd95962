import * as v from 'valibot';
import { LikerError } from '../../../../common/errors.ts';
import { shortId } from '../../../../common/ids.ts';
import { fields, moment, type Of } from '../../../../common/schema.ts';
import { type HostProcess, hostProcess } from '../../../kernel/process/host-process.ts';
import { exitSchema } from '../../process/exit-status.ts';

const live = { startedAt: moment, main: hostProcess };

/** The phase of a container's life; each variant holds only what is true in it. Plain data. */
export const phaseSchema = v.variant('state', [
  fields({ state: v.literal('created') }),
  fields({ state: v.literal('running'), ...live, shimPid: v.number() }),
  fields({ state: v.literal('paused'), ...live, shimPid: v.number() }),
  fields({ state: v.literal('orphaned'), ...live }),
  fields({ state: v.literal('exited'), exit: exitSchema }),
  /** Ended, and about to be started again at `at` (milliseconds since the epoch). */
  fields({ state: v.literal('restarting'), exit: exitSchema, at: moment }),
]);
export type Phase = Of<typeof phaseSchema>;

export type State = Phase['state'];

export type Verb =
  | 'start'
  | 'stop'
  | 'kill'
  | 'pause'
  | 'resume'
  | 'exec'
  | 'attach'
  | 'remove'
  | 'check the health of'
  | 'read the processes of';

/** In which states each verb may begin. One table for all. */
const allowed: Readonly<Record<Verb, readonly State[]>> = {
  start: ['created', 'exited', 'restarting'],
  stop: ['running', 'paused', 'orphaned', 'restarting'],
  kill: ['running', 'paused', 'orphaned'],
  pause: ['running'],
  resume: ['paused'],
  exec: ['running'],
  attach: ['running', 'paused'],
  remove: ['created', 'exited'],
  'check the health of': ['running'],
  'read the processes of': ['running', 'paused', 'orphaned'],
};

const words: Readonly<Record<State, string>> = {
  created: 'it was never started',
  running: 'it is running',
  paused: 'it is paused',
  orphaned: 'its shim was lost',
  exited: 'it is not running',
  restarting: 'it is about to be restarted',
};

export const states = Object.keys(words) as readonly State[];

/** Where the verb alone does not read as a sentence. */
const phrases: Partial<Record<Verb, string>> = { exec: 'exec in', attach: 'attach to', resume: 'unpause' };

const remedies: Partial<Record<`${Verb} ${State}`, string>> = {
  'exec paused': 'unpause it first',
  'start paused': 'unpause it instead',
  'remove running': 'stop it first, or remove it with force (rm -f)',
  'remove paused': 'stop it first, or remove it with force (rm -f)',
  'remove restarting': 'stop it first, or remove it with force (rm -f)',
  'remove orphaned': 'kill it first, or remove it with force (rm -f)',
  'kill restarting': 'stop it, or send SIGKILL',
  'check the health of paused': 'unpause it first',
  'check the health of exited': 'start it first',
  'check the health of created': 'start it first',
  'exec exited': 'start it first',
  'exec created': 'start it first',
  'attach exited': 'start it first',
  'attach created': 'start it first',
};

export function may(verb: Verb, state: State): boolean {
  return allowed[verb].includes(state);
}

interface InPhase {
  readonly id: string;
  readonly name: string;
  readonly phase: Phase;
}

/** Throws WRONG_STATE, naming container, phase and verb, unless the verb may begin in this state. */
export function requirePhase(verb: Verb, container: InPhase): void {
  const { state } = container.phase;
  if (may(verb, state)) return;
  const remedy = remedies[`${verb} ${state}`];
  throw wrongState(phrases[verb] ?? verb, container, `${words[state]}${remedy ? `; ${remedy}` : ''}`, verb);
}

/** `what` and `why` complete "Cannot … container 'web': …". */
export function wrongState(
  what: string,
  { id, name, phase }: InPhase,
  why: string,
  verb: string,
): LikerError {
  return new LikerError('WRONG_STATE', `Cannot ${what} container '${name || shortId(id)}': ${why}`, {
    metadata: { container: id, state: phase.state, verb },
  });
}

/** The container of an exec is over, or about to be told so. `what`: the process, with its container. */
export function endedBeforeStart(what: string): LikerError {
  return new LikerError('WRONG_STATE', `Cannot start ${what}: the container has ended; start it first`);
}

/** The phase, if the container is alive (it may be paused or orphaned); otherwise null. */
export function livePhase(phase: Phase): Extract<Phase, { main: HostProcess }> | null {
  return phase.state === 'running' || phase.state === 'paused' || phase.state === 'orphaned' ? phase : null;
}
