import type { InputFrame, Session } from '../../engine/sessions/frames.ts';

/** When this much stdin waits here, the stream itself is paused. */
const maxWaitingBytes = 1024 * 1024;

type StdinFrame = Extract<InputFrame, { kind: 'stdin' | 'close-stdin' }>;

/**
 * Passes a client's frames to its session. While the process takes no stdin, stdin waits here, so that a resize or a signal
 * behind it still gets through. When too much waits, the stream is paused, which in the end stops the client.
 */
export class InputQueue {
  readonly session: Session;
  readonly #stream: { pause(): unknown; resume(): unknown };
  readonly #failed: (error: unknown) => void;
  #waiting: StdinFrame[] = [];
  #waitingBytes = 0;
  #blocked = false;
  #paused = false;

  constructor(
    session: Session,
    stream: { pause(): unknown; resume(): unknown },
    failed: (error: unknown) => void,
  ) {
    this.session = session;
    this.#stream = stream;
    this.#failed = failed;
  }

  /** Throws what the session throws at a bad frame. */
  take(frame: InputFrame): void {
    switch (frame.kind) {
      case 'stdin':
      case 'close-stdin':
        if (this.#blocked) this.#wait(frame);
        else this.#give(frame);
        break;
      case 'detach':
        // Input typed before the detach still belongs to the process.
        this.#flush({ evenIfBlocked: true });
        this.#give(frame);
        break;
      default:
        this.#give(frame);
    }
  }

  #wait(frame: StdinFrame): void {
    this.#waiting.push(frame);
    this.#waitingBytes += frame.kind === 'stdin' ? frame.data.length : 0;
    if (this.#waitingBytes < maxWaitingBytes || this.#paused) return;
    this.#paused = true;
    this.#stream.pause();
  }

  #give(frame: InputFrame): void {
    let resumed = false;
    const welcome = this.session.input(frame, () => {
      resumed = true;
      this.#resumed();
    });
    // The answer to any other frame does not tell whether stdin is welcome.
    if (frame.kind === 'stdin') this.#blocked = !welcome && !resumed;
  }

  #resumed(): void {
    this.#blocked = false;
    try {
      this.#flush({ evenIfBlocked: false });
    } catch (error) {
      this.#failed(error);
    }
  }

  #flush({ evenIfBlocked }: { evenIfBlocked: boolean }): void {
    while (this.#waiting.length > 0 && (evenIfBlocked || !this.#blocked)) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      this.#waitingBytes -= frame.kind === 'stdin' ? frame.data.length : 0;
      this.#give(frame);
    }
    if (this.#paused && this.#waitingBytes < maxWaitingBytes) {
      this.#paused = false;
      this.#stream.resume();
    }
  }
}
