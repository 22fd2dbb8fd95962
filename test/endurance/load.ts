import { Api } from '../harness/api.ts';
import type { Daemon } from '../harness/daemon.ts';
import type { Expected } from './ledger.ts';

export interface LoadOptions {
  readonly daemon: Pick<Daemon, 'socket'>;
  readonly rootfs: string;
  /** Keeps every other container of some loads for the accounting at the end. */
  readonly keep: boolean;
}

/** Shared by the loads: where they run, what they have done, and when they end. */
export interface Load extends LoadOptions {
  readonly api: Api;
  /** Containers that were created and not removed. */
  readonly kept: Map<string, Expected>;
  readonly removed: Set<string>;
  /** Containers of clients that gave up before they got an answer. */
  readonly unsure: Set<string>;
  /** Event numbers, as received by a subscriber that reconnects after each loss. */
  readonly seen: number[];
  /** How often each load has completed, with all its checks. */
  readonly done: Map<string, number>;
  over: boolean;
}

export function newLoad(options: LoadOptions): Load {
  const own = {
    kept: new Map(),
    removed: new Set<string>(),
    unsure: new Set<string>(),
    seen: [],
    done: new Map(),
    over: false,
  };
  return { ...options, ...own, api: new Api(options.daemon) };
}

/** Runs `once` with 0, 1, 2, … until the load is over, and counts the runs. */
export async function repeat(
  load: Load,
  name: string,
  once: (index: number) => Promise<void>,
): Promise<void> {
  for (let index = 0; !load.over; index++) {
    await once(index);
    load.done.set(name, index + 1);
  }
}
