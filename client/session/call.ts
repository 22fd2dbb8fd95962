import { asError, badArgument } from '../../common/errors.ts';
import type { AttachStartInput } from '../../proto/gen/types/liker/v1/AttachStart.ts';
import type { ExecStartInput } from '../../proto/gen/types/liker/v1/ExecStart.ts';
import type { RunStartInput } from '../../proto/gen/types/liker/v1/RunStart.ts';
import type { SessionInputInput } from '../../proto/gen/types/liker/v1/SessionInput.ts';
import type { SessionOutput } from '../../proto/gen/types/liker/v1/SessionOutput.ts';
import type { Connection, Method } from '../connection/connection.ts';
import { sessions } from '../connection/methods.ts';
import type { BegunCall, BidiStream } from '../connection/wire.ts';

/** The stream of a Run, Exec or Attach call. */
export interface SessionCall {
  /** The server's frames. Throws the error that ended the call. */
  readonly frames: AsyncIterator<SessionOutput>;
  /** Returns false if the caller should wait for `onDrain`. */
  send(input: SessionInputInput): boolean;
  onDrain(listener: () => void): void;
  /** Ends the client's side of the stream. */
  end(): void;
  cancel(): void;
}

interface StartFrame<Start> {
  start?: Start;
  input?: SessionInputInput;
}

interface OutputFrame {
  readonly output: SessionOutput | null;
}

/** Whether the bytes of local sessions may go to the shim itself, as LIKER_BYTES says. */
export function isDirect(env: NodeJS.ProcessEnv): boolean {
  const way = env['LIKER_BYTES'] || 'direct';
  if (way === 'direct' || way === 'likerd') return way === 'direct';
  throw badArgument('LIKER_BYTES', `Cannot use LIKER_BYTES=${way}: give direct or likerd`);
}

function open<Start>(
  connection: Connection,
  method: Method<StartFrame<Start>, OutputFrame>,
  start: Start,
  begun?: BegunCall,
): SessionCall {
  const direct = isDirect(process.env);
  const stream = connection.bidiStream(method, begun);
  if (begun === undefined) stream.write({ start: { direct, ...start, confirmsOutput: true } });
  return {
    frames: readFrames(stream, connection),
    send: (input) => stream.writable && stream.write({ input }),
    onDrain: (listener) => void stream.on('drain', listener),
    end: () => void stream.end(),
    cancel: () => stream.cancel(),
  };
}

async function* readFrames<Request>(
  stream: BidiStream<Request, OutputFrame>,
  connection: Connection,
): AsyncGenerator<SessionOutput> {
  try {
    for await (const { output } of stream.messages()) {
      if (output !== null) yield output;
    }
  } catch (error) {
    throw connection.explain(asError(error));
  }
}

/** Opens the call, or goes on with one that was begun in the same way. */
export function openRun(connection: Connection, start: RunStartInput, begun?: BegunCall): SessionCall {
  return open(connection, sessions.Run, start, begun);
}

export function openExec(connection: Connection, start: ExecStartInput, begun?: BegunCall): SessionCall {
  return open(connection, sessions.Exec, start, begun);
}

export function openAttach(connection: Connection, start: AttachStartInput): SessionCall {
  return open(connection, sessions.Attach, start);
}
