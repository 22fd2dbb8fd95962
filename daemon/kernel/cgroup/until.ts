import { type FSWatcher, watch } from 'node:fs';
import { pauseAfter } from '../../loop/retry.ts';

const pauses = { firstMs: 1, longestMs: 50 };

function watchFile(path: string, changed: () => void): FSWatcher | null {
  try {
    // The kernel notifies watchers of cgroup.events of every change (cgroup-v2.rst, "Populated" and "Freezer").
    return watch(path, changed).on('error', changed);
  } catch {
    return null;
  }
}

/**
 * Waits until `done` returns true: checks at once, at every change of the file `watched`, and at growing intervals of at
 * most 50 ms. False after `timeoutMs`.
 */
export async function until(
  done: () => boolean | Promise<boolean>,
  timeoutMs: number,
  watched?: string,
): Promise<boolean> {
  if (await done()) return true;
  const deadline = performance.now() + timeoutMs;
  let change = Promise.withResolvers<void>();
  const changed = () => change.resolve();
  const watcher = watched === undefined ? null : watchFile(watched, changed);
  try {
    for (let earlier = 0; ; earlier += 1) {
      const timer = setTimeout(changed, pauseAfter(pauses, earlier));
      await change.promise;
      clearTimeout(timer);
      // Before the check, so that a change during it is not missed.
      change = Promise.withResolvers();
      if (await done()) return true;
      if (performance.now() >= deadline) return false;
    }
  } finally {
    watcher?.close();
  }
}
