import { Notifier } from '../../loop/sync.ts';

/** Of a frame with a key, only the newest one waits. */
type Push<Frame> = (frame: Frame, key?: string) => void;

/**
 * The frames that `work` pushes, to its end. A reader who is late gets the newest frame of each key. When the reader leaves, or the
 * signal is aborted, the work's signal is aborted, and awaited.
 */
export async function* framesOf<Frame>(
  work: (push: Push<Frame>, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<Frame> {
  const left = new AbortController();
  const waiting = new Map<string, Frame>();
  const changed = new Notifier();
  let unnamed = 0;
  let over = false;
  const push: Push<Frame> = (frame, key = `#${unnamed++}`) => {
    // Behind those that came since the last of this key.
    waiting.delete(key);
    waiting.set(key, frame);
    changed.notify();
  };
  const result = work(push, AbortSignal.any([signal, left.signal])).finally(() => {
    over = true;
    changed.notify();
  });
  result.catch(() => {});
  try {
    for (;;) {
      const frames = [...waiting.values()];
      waiting.clear();
      yield* frames;
      if (waiting.size > 0) continue;
      if (over) break;
      await changed.next();
    }
  } finally {
    left.abort(signal.reason);
    await result.catch(() => {});
  }
  await result;
}
