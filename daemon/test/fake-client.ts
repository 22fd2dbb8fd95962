import type { LikerError } from '../../common/errors.ts';
import type { OutputFrame, SessionSink } from '../engine/sessions/frames.ts';

/** A client of a session. An eager one takes output at once, another one when it is told to. */
export class FakeClient implements SessionSink {
  readonly frames: OutputFrame[] = [];
  readonly #waiting: (() => void)[] = [];
  ended = false;
  error: LikerError | undefined;
  confirms = false;
  eager: boolean;
  /** Called with each frame, as it is sent. */
  onFrame: (frame: OutputFrame) => void = () => {};

  constructor(eager: boolean) {
    this.eager = eager;
  }

  send(frame: OutputFrame, flushed: () => void): void {
    this.frames.push(frame);
    this.onFrame(frame);
    if (this.eager) flushed();
    else this.#waiting.push(flushed);
  }

  end(error?: LikerError): void {
    this.ended = true;
    this.error = error;
  }

  takeAll(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next();
  }

  text(stream: 'stdout' | 'stderr' = 'stdout'): string {
    return this.frames.flatMap((frame) => (frame.kind === stream ? [frame.data.toString()] : [])).join('');
  }

  bytes(): number {
    return this.frames.reduce((sum, frame) => sum + (frame.kind === 'stdout' ? frame.data.length : 0), 0);
  }

  kinds(): string[] {
    return this.frames.map((frame) => frame.kind);
  }
}
