import { attachAndDetach, followEvents, followLog, makeAndRemove, stopAndRestart } from './api-load.ts';
import { execInto, killClients, runInForeground } from './client-load.ts';
import type { Load } from './load.ts';

const makers = 3;

const loads: Readonly<Record<string, (load: Load) => Promise<void>>> = {
  ...Object.fromEntries(
    Array.from({ length: makers }, (_, maker) => [
      `create, start, wait, logs, rm ${maker}`,
      (load: Load) => makeAndRemove(load, maker),
    ]),
  ),
  run: (load) => runInForeground(load, 'plain', []),
  'run -t': (load) => runInForeground(load, 'tty', ['-t']),
  exec: execInto,
  'attach, detach': attachAndDetach,
  'stop, restart, rm -f': stopAndRestart,
  'logs -f': followLog,
  events: followEvents,
  'killed clients': killClients,
};

/** Runs all loads in parallel until `load.over`. Rejects, and ends all of them, at the first wrong answer. */
export async function carryOut(load: Load): Promise<void> {
  const all = Object.entries(loads).map(async ([name, run]) => {
    try {
      await run(load);
    } catch (error) {
      load.over = true;
      throw new Error(`The load '${name}': ${(error as Error).message}`, { cause: error });
    }
  });
  const failed = (await Promise.allSettled(all)).filter((end) => end.status === 'rejected');
  if (failed[0]) throw failed[0].reason;
}
