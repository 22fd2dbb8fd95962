import type { StreamNumber } from '../../../common/shim/protocol.ts';
import type { ClientSession } from './client-session.ts';
import type { StreamName } from './frames.ts';

interface Piece {
  readonly stream: StreamName;
  readonly offset: number;
  readonly data: Buffer;
}

/** The output that a shim has kept, gathered for a client that attaches. */
interface Replay {
  readonly session: ClientSession;
  readonly pieces: Piece[];
  stdinOffset: number;
  /** The process takes no more stdin. */
  isStdinOver: boolean;
}

/** Replays that a shim prepares at a time. Each takes as much memory as both rings hold. */
const maxAsked = 4;

/** The replays that clients of a process wait for. The shim is asked for a few at a time. */
export class Replays {
  readonly #awaited = new Map<number, Replay>();
  #lastRequest = 0;
  #asked = 0;
  #toAsk: (() => void)[] = [];

  /** Calls `ask` with the number of the replay once the shim can be asked for it. */
  request(session: ClientSession, ask: (request: number) => void): void {
    const request = ++this.#lastRequest;
    this.#awaited.set(request, { session, pieces: [], stdinOffset: 0, isStdinOver: false });
    this.#toAsk.push(() => ask(request));
    this.#askNext();
  }

  #askNext(): void {
    while (this.#asked < maxAsked) {
      const ask = this.#toAsk.shift();
      if (!ask) return;
      this.#asked += 1;
      ask();
    }
  }

  data(request: number, stream: StreamNumber, offset: bigint, data: Buffer): void {
    const name = stream === 2 ? 'stderr' : 'stdout';
    this.#awaited.get(request)?.pieces.push({ stream: name, offset: Number(offset), data });
  }

  /** The shim has sent the whole replay. Null when it belongs to nobody any more. */
  end(request: number): Replay | null {
    const replay = this.#awaited.get(request);
    if (!replay) return null;
    this.#awaited.delete(request);
    this.#asked -= 1;
    this.#askNext();
    return replay;
  }

  /** Notes how far the process has taken a session's stdin, for the replay of that session. */
  stdinStands(sessionId: string, offset: number, isOver: boolean): void {
    for (const replay of this.#awaited.values()) {
      if (replay.session.id !== sessionId) continue;
      replay.stdinOffset = offset;
      replay.isStdinOver = isOver;
    }
  }

  awaitedBy(session: ClientSession): boolean {
    for (const replay of this.#awaited.values()) if (replay.session === session) return true;
    return false;
  }

  /** The shim is gone, and will send nothing more. */
  clear(): void {
    this.#awaited.clear();
    this.#toAsk = [];
    this.#asked = 0;
  }
}
