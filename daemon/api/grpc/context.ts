import type { Log } from '../../host/log.ts';
import type { OpenCalls } from './open-calls.ts';
import type { Subject } from './subject.ts';

/** What every service works with. */
export interface ApiContext {
  readonly log: Log;
  readonly calls: OpenCalls;
  /** What a request is about; null when it names nothing. */
  readonly subjectOf: (request: unknown) => Subject | null;
}
