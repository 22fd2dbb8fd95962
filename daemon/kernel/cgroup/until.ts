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
  let delayMs = 1;
  let timer: NodeJS.Timeout | undefined;
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
  const tick = (): void => {
    askNow();
    delayMs = Math.min(delayMs * 2, 50);
    timer = setTimeout(tick, delayMs);
  };
  const watcher = watched === undefined ? null : watchFile(watched, askNow);
  timer = setTimeout(tick, delayMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    watcher?.close();
  }
}
