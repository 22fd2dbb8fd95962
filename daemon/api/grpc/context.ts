import type { Log } from '../../host/log.ts';
import type { OpenCalls } from './open-calls.ts';

/** What a call is about, such as a container. `name` is a name or id, as the request or the response gives it. */
export interface Subject {
  readonly kind: string;
  readonly name: string;
}

export interface ApiContext {
  readonly log: Log;
  readonly calls: OpenCalls;
  /** The subject that a request names, or that the call has made; null for none. */
  readonly subjectOf: (request: unknown, response?: unknown) => Subject | null;
}
