import type { StreamNumber } from '../../../common/shim/protocol.ts';
import { noBound, windowBytes } from '../../../common/shim/protocol.ts';
import type { ShimProcessState } from '../../kernel/process/reports.ts';
import type { ClientSession } from './client-session.ts';
import type { StreamName } from './frames.ts';
import type { Replays } from './replay.ts';

const streamNumbers: Readonly<Record<StreamName, StreamNumber>> = { stdout: 1, stderr: 2 };

/** Limits how far the shim may read the output of a process, so that no client that the process waits for loses any. */
export class Flow {
  readonly #sessions: ReadonlySet<ClientSession>;
  readonly #replays: Replays;
  readonly #limit: (stream: StreamNumber, offset: bigint) => boolean;
  readonly #limits: Record<StreamName, bigint> = { stdout: noBound, stderr: noBound };

  /** `limit` tells the shim, and returns whether it could. */
  constructor(
    sessions: ReadonlySet<ClientSession>,
    replays: Replays,
    limit: (stream: StreamNumber, offset: bigint) => boolean,
  ) {
    this.#sessions = sessions;
    this.#replays = replays;
    this.#limit = limit;
  }

  /** The process is started for a client, with the limit of windowBytes in its plan. */
  waitsFromStart(): void {
    this.#limits.stdout = BigInt(windowBytes);
    this.#limits.stderr = BigInt(windowBytes);
  }

  /** Takes over the limits that an earlier daemon has set. Returns whether that daemon waited for a client. */
  adopt({ stdoutLimit, stderrLimit }: ShimProcessState): boolean {
    this.#limits.stdout = stdoutLimit;
    this.#limits.stderr = stderrLimit;
    return stdoutLimit !== noBound || stderrLimit !== noBound;
  }

  /** Lets the shim read one window ahead of the slowest client. Small advances are saved up. */
  update(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      let next = noBound;
      for (const session of this.#sessions) {
        if (!session.blocking || this.#replays.awaitedBy(session)) continue;
        // The shim itself waits for its clients.
        if (session.way === 'shim') continue;
        const bound = BigInt(session.queue.taken[stream] + windowBytes);
        if (bound < next) next = bound;
      }
      const now = this.#limits[stream];
      if (next === now || (next !== noBound && now !== noBound && next - now < windowBytes / 4)) continue;
      if (this.#limit(streamNumbers[stream], next)) this.#limits[stream] = next;
    }
  }
}
