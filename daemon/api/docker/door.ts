import type { Services } from '../../engine/api.ts';
import type { Log } from '../../host/log.ts';
import type { Execs } from './sessions/execs.ts';
import type { WaitingAttaches } from './sessions/waiting.ts';

/** What handlers have in common. */
export interface Door {
  readonly engine: Services;
  readonly log: Log;
  /** Liker's. */
  readonly version: string;
  /** Path of this API's socket. */
  readonly socket: string;
  readonly attaches: WaitingAttaches;
  readonly execs: Execs;
}
