import { type FSWatcher, watch } from 'node:fs';

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
 * 50 ms. False when `timeoutMs` passed. Never blocks the event loop.
 */
export async function until(done: () => boolean, timeoutMs: number, watched?: string): Promise<boolean> {
  if (done()) return true;
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const deadline = performance.now() + timeoutMs;
  let delayMs = 1;
  let timer: NodeJS.Timeout | undefined;
  const ask = (): void => {
    try {
      if (done()) resolve(true);
      else if (performance.now() >= deadline) resolve(false);
    } catch (error) {
      reject(error);
    }
  };
  const tick = (): void => {
    ask();
    delayMs = Math.min(delayMs * 2, 50);
    timer = setTimeout(tick, delayMs);
  };
  const watcher = watched === undefined ? null : watchFile(watched, ask);
  timer = setTimeout(tick, delayMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    watcher?.close();
  }
}
