import { LikerError } from '../../../common/errors.ts';
import type { ClientSession } from './client-session.ts';
import type { ExecSyncResult, OutputFrame, SessionSink } from './frames.ts';
import type { ContainerProcess } from './process.ts';

/** Output beyond this is dropped, and reported as truncated: the response is a single message. */
const maxOutputBytes = 15 * 1024 * 1024;

/** Runs an exec to its end and collects its output. Aborting kills it; the promise then rejects with TIMED_OUT. */
export async function runExecSync(
  start: (sink: SessionSink, onSession: (session: ClientSession) => void) => Promise<ContainerProcess>,
  kill: (process: ContainerProcess) => void,
  stdin: Buffer,
  signal: AbortSignal,
): Promise<ExecSyncResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ExecSyncResult>();
  promise.catch(() => {}); // If the start fails, its error is thrown instead.
  const gathered: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  let bytes = 0;
  let truncated = false;
  const take = (frame: OutputFrame) => {
    if (frame.kind === 'stdout' || frame.kind === 'stderr') {
      const room = maxOutputBytes - bytes;
      truncated ||= frame.data.length > room;
      // Copied, since a slice would keep the whole buffer alive.
      const piece = Buffer.from(frame.data.subarray(0, room));
      bytes += piece.length;
      if (piece.length > 0) gathered[frame.kind].push(piece);
    } else if (frame.kind === 'exit') {
      const { stdout, stderr } = gathered;
      resolve({ exit: frame.exit, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), truncated });
    }
  };
  const sink: SessionSink = {
    send: (frame, flushed) => {
      take(frame);
      queueMicrotask(flushed);
    },
    // Without effect after an exit. Nobody reconnects to this session, so its loss is final.
    end: (error) => {
      const what = 'The end of the process is not known: the connection to its shim was lost';
      reject(error ?? new LikerError('SHIM_LOST', what));
    },
  };
  let session: ClientSession | null = null;
  const process = await start(sink, (opened) => {
    session = opened;
  });
  const onAbort = () => kill(process);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const input = session as ClientSession | null;
  if (stdin.length > 0) input?.input({ kind: 'stdin', offset: 0, data: stdin }, () => {});
  input?.input({ kind: 'close-stdin' }, () => {});
  const result = await promise.finally(() => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) {
    throw new LikerError(
      'TIMED_OUT',
      'The process was killed: the deadline of the call is over or it was cancelled',
    );
  }
  return result;
}
