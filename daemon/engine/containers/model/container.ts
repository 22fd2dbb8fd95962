import { read } from '../../../../common/schema.ts';
import type { Shim } from '../../../kernel/process/shim.ts';
import { Semaphore } from '../../../loop/semaphore.ts';
import { Notifier } from '../../../loop/sync.ts';
import type { LogReader } from '../../../storage/logfile/reader.ts';
import type { ContainerRow } from '../../../store/tables/container.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import { type Facts, factsSchema, noFacts } from './facts.ts';
import { type Phase, phaseSchema } from './phase.ts';
import { type ContainerSpec, specSchema } from './spec.ts';

/** A start that the shim has not yet answered. */
export interface PendingStart {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One container in the daemon's memory: its record, and what is there only while it lives. */
export class Container {
  readonly id: string;
  readonly createdAt: number;
  /** Changed by the ledger alone, as the two below. */
  readonly spec: ContainerSpec;
  readonly phase: Phase;
  readonly facts: Facts;
  /** Verbs run one at a time. */
  readonly verbs = new Semaphore(1);
  /** Notified after each change of phase, of sessions, and at removal. */
  readonly changed = new Notifier();
  shim: Shim | null = null;
  shimPid = 0;
  /** Resolves when the shim of the last run has ended, and unmounted the root. */
  shimEnded: Promise<void> = Promise.resolve();
  /** Ends the shim of a start that is under way, whatever it hangs in. */
  abandonStart: (() => void) | null = null;
  /** A removal by force waits for its turn: no start that has the turn before it need make a process. */
  unwanted = false;
  /** When the connection to its shim was last lost and found again, by performance.now(). */
  reconnectedAt = Number.NEGATIVE_INFINITY;
  /** While likerd looks for the shim after its connection was lost: whatever needs the shim waits for that. */
  reconnecting: Promise<unknown> | null = null;
  main: ContainerProcess | null = null;
  /** By id; those that ended lately are kept for a while. */
  readonly execs = new Map<string, ContainerProcess>();
  /** Probes of the health check that have not ended, by number. No record and no client knows them. */
  readonly probes = new Map<number, ContainerProcess>();
  /** Probes run one at a time. */
  readonly probing = new Semaphore(1);
  /** Ends the probing of this run. */
  healthWatch: AbortController | null = null;
  readonly pendingStarts = new Map<number, PendingStart>();
  /** Set from the end of the main process until everything of the run is cleaned up. */
  ending: Promise<void> | null = null;
  /** Gives back what the last run had taken, where that could not be done at its end. */
  cleanUp: (() => Promise<void>) | null = null;
  removed = false;
  /** When its main process was started, by performance.now(). */
  startedSteadyMs: number | null = null;
  /** How long it ran the last time. */
  lifeMs = 0;
  /** Kills it when its time is over (--timeout). */
  timeoutTimer: NodeJS.Timeout | null = null;
  /** Starts it again by its policy. */
  restartTimer: NodeJS.Timeout | null = null;
  /** Notified at each output, for those that follow the log. */
  readonly output = new Notifier();
  /** Those who read the log now: what is there when the container is removed is theirs. */
  readonly logReaders = new Set<LogReader>();

  constructor(values: {
    id: string;
    createdAt: number;
    spec: ContainerSpec;
    phase: Phase;
    facts?: Partial<Facts>;
  }) {
    this.id = values.id;
    this.createdAt = values.createdAt;
    this.spec = values.spec;
    this.phase = values.phase;
    this.facts = { ...noFacts, ...values.facts };
  }

  /** Throws an Error that names the field in which the row is not what likerd writes, and what was found. */
  static fromRow({ id, createdAt, spec, phase, facts }: ContainerRow): Container {
    return new Container({
      id,
      createdAt,
      spec: read(specSchema, spec, 'its spec'),
      phase: read(phaseSchema, phase, 'its phase'),
      facts: read(factsSchema, facts, 'its facts'),
    });
  }

  toRow(): ContainerRow {
    const { id, name, createdAt } = this;
    return { id, name, createdAt, spec: JSON.stringify(this.spec), ...this.stateRow() };
  }

  /** The part of its row that changes most. */
  stateRow(): Pick<ContainerRow, 'phase' | 'facts'> {
    return { phase: JSON.stringify(this.phase), facts: JSON.stringify(this.facts) };
  }

  get name(): string {
    return this.spec.name;
  }

  /** The process with this number, if the daemon knows it. */
  process(number: number): ContainerProcess | null {
    if (number === 0) return this.main;
    const probe = this.probes.get(number);
    if (probe) return probe;
    for (const exec of this.execs.values()) if (exec.identity.number === number) return exec;
    return null;
  }
}
