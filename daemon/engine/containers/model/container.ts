import { check, read } from '../../../../common/schema.ts';
import { Semaphore } from '../../../loop/semaphore.ts';
import { Notifier } from '../../../loop/sync.ts';
import type { LogReader } from '../../../storage/logfile/reader.ts';
import { type ContainerRow, containerRowSchema } from '../../../store/tables/container.ts';
import type { Endpoint } from '../../networks/model/endpoint.ts';
import type { CniRun } from './cni-run.ts';
import { type Facts, factsSchema, noFacts } from './facts.ts';
import { FileUses } from './file-uses.ts';
import { type Phase, phaseSchema } from './phase.ts';
import type { Run } from './run.ts';
import { type ContainerSpec, specSchema } from './spec.ts';

/** One container in the daemon's memory: its record, its run, and what lasts from one run to the next. */
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
  /** The present run, or the last one; null before the first, and after a start that failed. */
  run: Run | null = null;
  /** Resolves when the shim of the last run has ended, and unmounted the root. */
  shimEnded: Promise<void> = Promise.resolve();
  /** A forced removal is waiting for its turn: a start, or a use of its files, ahead of it gives up. */
  unwanted = false;
  /** Releases what the last run used, if that failed at its end. */
  cleanUp: (() => Promise<void>) | null = null;
  removed = false;
  /** Its places on networks in the last run: it gets the same addresses again if they are free. */
  lastEndpoints: readonly Endpoint[] = [];
  /** What its run has of CNI. */
  cni: CniRun | null = null;
  /** How long the last run took. */
  lifeMs = 0;
  /** Starts it again by its policy. */
  restartTimer: NodeJS.Timeout | null = null;
  /** Notified at each output, for those that follow the log. */
  readonly output = new Notifier();
  /** Its files are used from outside by these. */
  readonly fileUses = new FileUses();
  /** Whoever reads the log now: what is there when the container is removed is theirs. */
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
  static fromRow(row: ContainerRow): Container {
    const { id, name, createdAt, spec, phase, facts } = check(containerRowSchema, row, 'its row');
    return new Container({
      id,
      createdAt,
      // No other row has the same name.
      spec: { ...read(specSchema, spec, 'its spec'), name },
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
}
