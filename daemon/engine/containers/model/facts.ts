import * as v from 'valibot';
import { byName, check, fields, no, type Of, orNull } from '../../../../common/schema.ts';
import { appliedLimitSchema } from '../../../kernel/cgroup/resources.ts';
import { begunSchema } from './begun.ts';
import { healthSchema } from './health.ts';

const zero = v.optional(v.number(), 0);

/** What is known of a container beside its spec and phase; stored with it. Each field has a default for older records. */
export const factsSchema = fields({
  cgroupPaths: byName(v.string()),
  appliedLimits: v.optional(v.array(appliedLimitSchema), []),
  /** The client of Run vanished and the container went on. */
  clientLost: no,
  /** The last start, or the one that it was made for, was for a client that watches. */
  attended: no,
  /** Restarts by the policy since the last start by a call. */
  restartCount: zero,
  /** Those of them in a row: since its last life that was long enough. */
  restartsInARow: zero,
  /** A call has stopped or killed it since its last start: the policy leaves it alone. */
  stopRequested: no,
  /** The network namespace whose interfaces are held to its rate, as its inode; empty: none. */
  shapedNamespace: v.optional(v.string(), ''),
  nextExec: v.optional(v.number(), 1),
  /** Reported out-of-memory kills of the last run. */
  oomKills: zero,
  /** When its main process last ended, milliseconds since the epoch; null: never, or not since likerd keeps this. */
  finishedAt: orNull(v.number()),
  /** The main process was one of them. */
  oomHitMain: no,
  /** What the probes say of this run; null without a health check. */
  health: orNull(healthSchema),
  /** Its health check ends it to have it started again. */
  restartUnhealthy: no,
  begun: orNull(begunSchema),
  /** Processes that are to be killed since their clients have vanished, by number: when, by steadyMs(). */
  killsDue: byName(v.number()),
});
export interface Facts extends Of<typeof factsSchema> {}

export const noFacts: Facts = check(factsSchema, {}, 'facts');
