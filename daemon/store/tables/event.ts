import type { Database } from '../database.ts';

export interface EventRow {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly subjectType: string;
  /** Empty for the daemon itself. */
  readonly subjectId: string;
  readonly subjectName: string;
  readonly action: string;
  /** JSON. */
  readonly attributes: string;
}

const keptEvents = 100_000;
/** No likerd counts so far. After a row that was damaged to have a greater number, there would soon be no next one. */
const greatestSeq = 2 ** 52;

/** The events, numbered from 1 without a gap. The newest 100,000 are kept. */
export class EventTable {
  readonly #database: Database;
  #last: number;
  #oldest: number;

  constructor(database: Database) {
    this.#database = database;
    const [range] = database.all<{ oldest: number | null; last: number | null }>(
      'SELECT min(seq) AS oldest, max(seq) AS last FROM event WHERE seq BETWEEN 1 AND ?',
      greatestSeq,
    );
    this.#last = range?.last ?? 0;
    this.#oldest = range?.oldest ?? 0;
  }

  /** Number of the newest event; 0: none. */
  get last(): number {
    return this.#last;
  }

  /** Number of the oldest event that is kept; 0: none. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Adds an event, in the transaction of the change that it reports. Returns its number. */
  add(event: Omit<EventRow, 'seq'>): number {
    const { time, subjectType, subjectId, subjectName, action, attributes } = event;
    const seq = this.#database.run(
      'INSERT INTO event (time, subject_type, subject_id, subject_name, action, attributes) VALUES (?, ?, ?, ?, ?, ?)',
      ...[time, subjectType, subjectId, subjectName, action, attributes],
    );
    this.#database.afterCommit(() => {
      this.#last = seq;
      if (this.#oldest === 0) this.#oldest = seq;
    });
    return seq;
  }

  /** At most `limit` events after `seq`, in order. */
  after(seq: number, limit: number): EventRow[] {
    return this.#database.all(
      `SELECT seq, time, subject_type AS subjectType, subject_id AS subjectId, subject_name AS subjectName, action, attributes
        FROM event WHERE seq > ? ORDER BY seq LIMIT ?`,
      ...[seq, limit],
    );
  }

  /** Number of the last event before `time` (milliseconds since the epoch), or of the one before the oldest. */
  seqBefore(time: number): number {
    const [row] = this.#database.all<{ seq: number | null }>(
      'SELECT min(seq) AS seq FROM event WHERE time >= ?',
      time,
    );
    return (row?.seq ?? this.#last + 1) - 1;
  }

  /** Deletes rows with numbers that were never given, as a part of a transaction. */
  dropDamaged(): void {
    this.#database.run('DELETE FROM event WHERE seq < 1 OR seq > ?', greatestSeq);
    const sql = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'event' AND seq > ?";
    this.#database.run(sql, this.#last, greatestSeq);
  }

  /** Deletes the events beyond those that are kept. */
  trim(): void {
    const oldest = this.#last - keptEvents + 1;
    if (this.#oldest === 0 || oldest <= this.#oldest) return;
    this.#database.run('DELETE FROM event WHERE seq < ?', oldest);
    this.#database.afterCommit(() => {
      this.#oldest = oldest;
    });
  }
}
