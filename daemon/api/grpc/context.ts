import type { Log } from '../../host/log.ts';
import type { OpenCalls } from './open-calls.ts';
import type { Subject } from './subject.ts';

/** What every service works with. */
export interface ApiContext {
  readonly log: Log;
  readonly calls: OpenCalls;
  /** The subject that a request names; null when it names none. */
  readonly subjectOf: (request: unknown) => Subject | null;
}
