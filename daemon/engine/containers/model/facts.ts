import * as v from 'valibot';
import { byName, check, fields, moment, no, type Of, orNull } from '../../../../common/schema.ts';
import { appliedLimitSchema } from '../../../kernel/cgroup/resources.ts';
import { idMapsSchema } from '../../../kernel/users/id-maps.ts';
import { begunSchema } from './begun.ts';
import { healthSchema } from './health.ts';
import { publishedPortSchema } from './spec.ts';

const zero = v.optional(v.number(), 0);

const userNamespaceSchema = fields({
  /** Id of the container that it was made for: its own, or that of the one whose it shares. */
  owner: v.string(),
  maps: idMapsSchema,
  /** First id on the host of the range that is its own; null: it has none. */
  rangeStart: orNull(v.number()),
});
export interface UserNamespaceFacts extends Of<typeof userNamespaceSchema> {}

const mountingSchema = fields({ verb: v.picklist(['mount', 'unmount']), target: v.string() });

/** What is known of a container beside its spec and phase; stored with it. Each field has a default for older records. */
export const factsSchema = fields({
  /** Null: the host's. It is chosen when the container is made, and stays. */
  userNamespace: orNull(userNamespaceSchema),
  /** Why it has the host's though the default is another; empty: it does not. */
  userNamespaceProblem: v.optional(v.string(), ''),
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
  /** The program that connects its own network to the outside, such as pasta; empty: none. */
  networkProgram: v.optional(v.string(), ''),
  /** Ports of the host that lead into it while it runs, as they were chosen. */
  ports: v.optional(v.array(publishedPortSchema), []),
  /** The network namespace whose interfaces are held to its rate, as its inode; empty: none. */
  shapedNamespace: v.optional(v.string(), ''),
  nextExec: v.optional(v.number(), 1),
  /** Reported out-of-memory kills of the last run. */
  oomKills: zero,
  /** What the egress policy has refused in the last run, as far as is known. */
  egressDenied: zero,
  /** When its main process last ended, milliseconds since the epoch; null: never, or not since likerd keeps this. */
  finishedAt: orNull(moment),
  /** The main process was one of them. */
  oomHitMain: no,
  /** What the probes say of this run; null without a health check. */
  health: orNull(healthSchema),
  /** Its health check ends it to have it started again. */
  restartUnhealthy: no,
  begun: orNull(begunSchema),
  /** A mount that is being made in the running container, or taken away. As `begun`, stored before it is done. */
  mounting: orNull(mountingSchema),
  /** If it is paused: only until its files are read for an image. */
  pausedForCommit: no,
  /** Processes that are to be killed since their clients have vanished, by number: when, by steadyMs(). */
  killsDue: byName(v.number()),
});
export interface Facts extends Of<typeof factsSchema> {}

export const noFacts: Facts = check(factsSchema, {}, 'facts');
