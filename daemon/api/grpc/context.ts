import type { Log } from '../../host/log.ts';
import type { OpenCalls } from './open-calls.ts';

/** What every service works with. */
export interface ApiContext {
  readonly log: Log;
  readonly calls: OpenCalls;
}
