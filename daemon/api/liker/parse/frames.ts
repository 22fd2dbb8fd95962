import { badArgument, LikerError } from '../../../../common/errors.ts';
import { leaveBehind } from '../../../loop/garbage.ts';

/** The frames of an upload. */
interface UploadFrame<Start> {
  readonly frame?: 'start' | 'data' | 'end';
  readonly start?: Start | null;
  readonly data?: Buffer;
}

/** What the first frame says, and the bytes of those that follow. */
export async function archiveOf<Start>(
  requests: AsyncIterable<UploadFrame<Start>>,
): Promise<{ readonly start: Start; readonly archive: AsyncGenerator<Uint8Array> }> {
  const frames = requests[Symbol.asyncIterator]();
  const { value: first } = await frames.next();
  const start = (first as UploadFrame<Start> | undefined)?.start;
  if (!start) throw badArgument('start', 'Invalid first frame: it must be start');
  return { start, archive: bytesOf(frames) };
}

/** Throws when the frames stop before the end frame: the client has vanished. */
async function* bytesOf(frames: AsyncIterator<UploadFrame<unknown>>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { value, done } = await frames.next();
    if (done) throw new LikerError('CANCELLED', 'The upload broke off: its end frame is missing');
    if (value.frame === 'end') return;
    if (!value.data) throw badArgument('data', 'Invalid frame: it must be data or end');
    if (value.data.length === 0) continue;
    yield value.data;
    // And what the message was read from.
    leaveBehind(2 * value.data.length);
  }
}
