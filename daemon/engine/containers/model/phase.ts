import { LikerError } from '../../../../common/errors.ts';
import { shortId } from '../../../../common/ids.ts';

/** How a process ended. Times are milliseconds since the epoch. */
export interface ExitStatus {
  /** As a shell shows it: own code, 125 engine, 126 not executable, 127 not found, 128 + n signal. */
  readonly code: number;
  /** 0: none. */
  readonly signal: number;
  readonly coreDumped: boolean;
  readonly oomKilled: boolean;
  /** Null when it was never started. */
  readonly startedAt: number | null;
  readonly exitedAt: number;
  /** Why it could not be started; empty when it was. */
  readonly startError: string;
  /** Output was cut after the exit because another process kept it open. */
  readonly outputCut: boolean;
  /** All that was written to stdout, or the terminal, and to stderr. Undefined when nobody saw the end. */
  readonly stdoutBytes?: number;
  readonly stderrBytes?: number;
}

/** A process as the kernel knows it: the pid alone can be reused, with its start time it cannot. */
export interface HostProcess {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot, as text. */
  readonly startTime: string;
}

/** The phase of a container's life; each variant holds only what is true in it. Plain data. */
export type Phase =
  | { readonly state: 'created' }
  | {
      readonly state: 'running';
      readonly startedAt: number;
      readonly main: HostProcess;
      readonly shimPid: number;
    }
  | {
      readonly state: 'paused';
      readonly startedAt: number;
      readonly main: HostProcess;
      readonly shimPid: number;
    }
  | { readonly state: 'orphaned'; readonly startedAt: number; readonly main: HostProcess }
  | { readonly state: 'exited'; readonly exit: ExitStatus }
  /** Ended, and about to be started again at `at` (milliseconds since the epoch). */
  | { readonly state: 'restarting'; readonly exit: ExitStatus; readonly at: number };

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
  restarting: 'it is about to be started again',
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

/** Throws WRONG_STATE, naming container, phase and verb, unless the verb may begin in this state. */
export function requirePhase(
  verb: Verb,
  container: { readonly id: string; readonly name: string },
  state: State,
): void {
  if (may(verb, state)) return;
  const remedy = remedies[`${verb} ${state}`];
  throw new LikerError(
    'WRONG_STATE',
    `Cannot ${phrases[verb] ?? verb} container '${container.name || shortId(container.id)}': ${words[state]}${remedy ? `; ${remedy}` : ''}`,
    { metadata: { container: container.id, state, verb } },
  );
}

/** The process group of facts that a live container has; null in other phases. */
export function livePhase(phase: Phase): Extract<Phase, { main: HostProcess }> | null {
  return phase.state === 'running' || phase.state === 'paused' || phase.state === 'orphaned' ? phase : null;
}
