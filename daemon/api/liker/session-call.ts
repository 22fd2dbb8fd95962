import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { badArgument, LikerError } from '../../../common/errors.ts';
import type { SessionInput } from '../../../proto/gen/types/liker/v1/SessionInput.ts';
import type { SessionOutputInput } from '../../../proto/gen/types/liker/v1/SessionOutput.ts';
import type { OutputFrame, Session, SessionSink } from '../../engine/sessions/frames.ts';
import { ownTurn } from '../../loop/turns.ts';
import { callLog, methodOf } from '../grpc/call-log.ts';
import type { ApiContext, Subject } from '../grpc/context.ts';
import { inWordsOf, toServiceError } from '../grpc/errors.ts';
import type { BidiCall } from '../wire/call.ts';
import { checkDeadline } from '../wire/deadline.ts';
import { checkDecoded } from '../wire/decoding.ts';
import { type Peer, peerOf } from '../wire/peer.ts';
import { formatOutput } from './format/session.ts';
import { InputQueue } from './input-queue.ts';
import { parseInput } from './parse/session.ts';

/** A stream without a start frame is ended after this time. */
const usualFirstFrameMs = 30_000;

/** A client frame. Those of Run, Exec and Attach differ only in their start. */
export interface SessionRequest<Start> {
  readonly start?: Start | null;
  readonly input?: SessionInput | null;
  readonly frame?: 'start' | 'input';
}

export interface SessionResponse {
  readonly output: SessionOutputInput;
}

/** Opens the session that the first frame asks for. */
type Open<Start> = (start: Start, sink: SessionSink, peer: Peer | null) => Promise<Session>;

/** What the first frames of all sessions say. */
interface AnyStart {
  readonly confirmsOutput: boolean;
  readonly direct: boolean;
}

export function sessionHandler<Start extends AnyStart>(
  context: ApiContext,
  open: Open<Start>,
  options: { readonly firstFrameMs?: number },
): handleBidiStreamingCall<SessionRequest<Start>, SessionResponse> {
  return (call: BidiCall<SessionRequest<Start>>) =>
    new SessionCall(context, call, open).listen(options.firstFrameMs ?? usualFirstFrameMs);
}

/**
 * The stream of one session. It ends in exactly one of these ways: the engine ends it (OK), a frame or the opening fails
 * (error status), the daemon shuts down (error status; the session stays as it is), or the client vanishes (session.lost).
 */
class SessionCall<Start extends AnyStart> implements SessionSink {
  readonly #context: ApiContext;
  readonly #call: BidiCall<SessionRequest<Start>>;
  readonly #method: string;
  readonly #openSession: Open<Start>;
  readonly #logged: (subject: Subject | null, outcome: unknown) => void;
  #forget: () => void = () => {};
  #firstFrameTimer: NodeJS.Timeout | undefined;
  #opening = false;
  #input: InputQueue | null = null;
  #over = false;
  #lost = false;
  #subject: Subject | null = null;
  confirms = false;
  directFor: number | null = null;

  constructor(context: ApiContext, call: BidiCall<SessionRequest<Start>>, open: Open<Start>) {
    this.#context = context;
    this.#call = call;
    this.#method = methodOf(call);
    this.#openSession = open;
    this.#logged = callLog(context.log, call, { mutates: true });
  }

  listen(firstFrameMs: number): void {
    this.#forget = this.#context.calls.add((reason) => this.#fail(reason, { lost: false }));
    if (this.#over) return;
    this.#firstFrameTimer = setTimeout(
      () =>
        this.#fail(
          new LikerError('TIMED_OUT', `Cannot open ${this.#method}: no start frame arrived in time`),
        ),
      firstFrameMs,
    );
    this.#call.on('data', (frame) => this.#receive(frame));
    this.#call.on('end', () => this.#halfClosed());
    this.#call.on('cancelled', () => this.#vanished());
  }

  send(frame: OutputFrame, flushed: () => void): void {
    if (this.#over) return;
    if (frame.kind === 'ready') this.#subject = { kind: 'container', name: frame.containerId };
    this.#call.write({ output: formatOutput(frame) }, (error?: Error | null) => {
      if (!error) flushed();
    });
  }

  end(error?: LikerError): void {
    if (error) this.#fail(error, { lost: false });
    else if (this.#close()) this.#call.end();
  }

  #receive(frame: SessionRequest<Start>): void {
    if (this.#over) return;
    try {
      checkDecoded(this.#method, frame);
      if (frame.frame === 'start') this.#start(frame.start);
      else if (frame.frame === 'input') this.#take(frame.input);
    } catch (error) {
      this.#fail(error);
    }
  }

  #start(start: Start | null | undefined): void {
    if (this.#opening) throw badArgument('start', 'Invalid frame: a stream has one start frame');
    if (!start) throw badArgument('start', 'Missing start');
    this.#opening = true;
    this.confirms = start.confirmsOutput;
    clearTimeout(this.#firstFrameTimer);
    this.#subject = this.#context.subjectOf(start);
    // Later frames wait in the stream, in order, until the session can take them.
    this.#call.pause();
    this.#open(start).catch((error: unknown) => this.#fail(inWordsOf(this.#method, this.#subject, error)));
  }

  async #open(start: Start): Promise<void> {
    await ownTurn();
    // The stream was ended by a shutdown of the daemon.
    if (this.#over && !this.#lost) return;
    checkDeadline(this.#call);
    const peer = peerOf(this.#call);
    if (start.direct) this.directFor = peer?.uid ?? null;
    const session = await this.#openSession(start, this, peer);
    this.#logged(this.#subject, null);
    this.#input = new InputQueue(session, this.#call, (error) => this.#fail(error));
    if (this.#lost) session.lost();
    else this.#call.resume();
  }

  #take(input: SessionInput | null | undefined): void {
    if (!this.#opening) throw badArgument('start', 'Invalid first frame: it must be start');
    const frame = input ? parseInput(input) : null;
    if (frame) this.#input?.take(frame);
  }

  /** No more input; the session goes on. */
  #halfClosed(): void {
    if (!this.#opening)
      this.#fail(badArgument('start', 'Missing start: the stream was closed before it arrived'));
  }

  #fail(error: unknown, { lost } = { lost: true }): void {
    if (!this.#close()) return;
    this.#logged(this.#subject, error);
    if (lost) this.#lose();
    this.#call.emit('error', toServiceError(error, this.#context.log));
  }

  /** Also called after a normal end, since grpc-js emits 'cancelled' then, too. */
  #vanished(): void {
    if (!this.#close()) return;
    this.#logged(this.#subject, new LikerError('CANCELLED', 'The client cancelled the call'));
    this.#lose();
  }

  /** Tells the session that its client is lost: at once, or as soon as it is open. */
  #lose(): void {
    this.#lost = true;
    this.#input?.session.lost();
  }

  /** Returns whether the stream was still open. */
  #close(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#firstFrameTimer);
    this.#forget();
    return true;
  }
}
