import { noBound, windowBytes } from '../../kernel/process/protocol.ts';
import type { ShimProcessState, StreamNumber } from '../../kernel/process/shim.ts';
import type { ClientSession } from './client-session.ts';
import type { StreamName } from './frames.ts';
import type { Replays } from './replay.ts';

const streamNumbers: Readonly<Record<StreamName, StreamNumber>> = { stdout: 1, stderr: 2 };

/** How far the shim may read the output of a process, so that no client that is waited for loses any. */
export class Flow {
  readonly #sessions: ReadonlySet<ClientSession>;
  readonly #replays: Replays;
  readonly #limit: (stream: StreamNumber, offset: bigint) => boolean;
  readonly #limits: Record<StreamName, bigint> = { stdout: noBound, stderr: noBound };

  /** `limit` tells the shim, and answers whether it could. */
  constructor(
    sessions: ReadonlySet<ClientSession>,
    replays: Replays,
    limit: (stream: StreamNumber, offset: bigint) => boolean,
  ) {
    this.#sessions = sessions;
    this.#replays = replays;
    this.#limit = limit;
  }

  /** The shim starts the process for a client that it waits for. */
  waitsFromStart(): void {
    this.#limits.stdout = BigInt(windowBytes);
    this.#limits.stderr = BigInt(windowBytes);
  }

  /** Takes over what an earlier daemon has set. Answers whether that one waited for a client. */
  adopt({ stdoutLimit, stderrLimit }: ShimProcessState): boolean {
    this.#limits.stdout = stdoutLimit;
    this.#limits.stderr = stderrLimit;
    return stdoutLimit !== noBound || stderrLimit !== noBound;
  }

  /** Lets the shim read as far ahead of the slowest client as the ring holds. Small steps are saved up. */
  update(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      let next = noBound;
      for (const session of this.#sessions) {
        if (!session.blocking || this.#replays.awaitedBy(session)) continue;
        const bound = BigInt(session.taken[stream] + windowBytes);
        if (bound < next) next = bound;
      }
      const now = this.#limits[stream];
      if (next === now || (next !== noBound && now !== noBound && next - now < windowBytes / 4)) continue;
      if (this.#limit(streamNumbers[stream], next)) this.#limits[stream] = next;
    }
  }
}
