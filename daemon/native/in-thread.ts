import { Semaphore } from '../loop/semaphore.ts';
import type { koffi } from './koffi.ts';

export type NativeFunction = ReturnType<ReturnType<typeof koffi.load>['func']>;

type ThreadCall = (called: NativeFunction, ...values: readonly unknown[]) => Promise<number>;

function callsIn(places: Semaphore): ThreadCall {
  return (called, ...values) =>
    places.run(
      () =>
        new Promise((resolve, reject) => {
          called.async(...values, (error: Error | null, result: number) =>
            error ? reject(error) : resolve(result),
          );
        }),
    );
}

/** Calls a function in a thread. Limited, since koffi refuses more than 256 calls at a time; libuv has four threads. */
export const inThread = callsIn(new Semaphore(16));
/** For walks through file trees, which may take long: two threads stay free for starts and ends. */
export const inSpareThread = callsIn(new Semaphore(2));
