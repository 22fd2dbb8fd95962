import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';

const longMs = 2 ** 30;
/** Node.js makes 1 ms of more. */
const longestTimerMs = 2 ** 31 - 1;
let waits = 0;
let timer: NodeJS.Timeout | undefined;

/** Keeps the program alive until the promise is settled. Connections do not: a program that waits for nothing may end. */
export async function waiting<T>(promise: Promise<T>): Promise<T> {
  waits += 1;
  timer ??= setInterval(() => {}, longMs);
  try {
    return await promise;
  } finally {
    waits -= 1;
    if (waits === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  }
}

/** The promise, or a rejection with the signal's reason as soon as it is aborted. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    // Whichever comes second.
    promise.catch(() => {});
  }
}

/** A signal that is aborted some time after the start, unless it is disposed of before. AbortSignal.timeout() keeps Deno alive. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(ms: number | undefined): void {
    if (ms === undefined || ms > longestTimerMs) return;
    this.#timer = setTimeout(() => this.#controller.abort(), ms).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
