import { type FSWatcher, watch } from 'node:fs';
import { pauseAfter } from '../../loop/retry.ts';

const pauses = { firstMs: 1, longestMs: 50 };

function watchFile(path: string, changed: () => void): FSWatcher | null {
  try {
    // The kernel notifies watchers of cgroup.events at every change (cgroup-v2.rst, "Populated" and "Freezer").
    return watch(path, changed).on('error', changed);
  } catch {
    return null;
  }
}

/**
 * Waits until `done` is true: asks at once, at every change of the file `watched`, and at growing intervals of at most
 * 50 ms, never while it is still being answered. False when `timeoutMs` passed. Never blocks the event loop.
 */
export async function until(
  done: () => boolean | Promise<boolean>,
  timeoutMs: number,
  watched?: string,
): Promise<boolean> {
  if (await done()) return true;
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const deadline = performance.now() + timeoutMs;
  let asking = false;
  let changed = false;
  const ask = async (): Promise<void> => {
    changed = true;
    if (asking) return;
    asking = true;
    while (changed) {
      changed = false;
      if (await done()) resolve(true);
      else if (performance.now() >= deadline) resolve(false);
    }
    asking = false;
  };
  const askNow = () => void ask().catch(reject);
  let timer: NodeJS.Timeout | undefined;
  const askAfterPause = (earlier: number): void => {
    const next = (): void => {
      askNow();
      askAfterPause(earlier + 1);
    };
    timer = setTimeout(next, pauseAfter(pauses, earlier));
  };
  const watcher = watched === undefined ? null : watchFile(watched, askNow);
  askAfterPause(0);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    watcher?.close();
  }
}
