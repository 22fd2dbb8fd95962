/** How a job reports, and when it is to end. */
type Start<Progress, Result> = (report: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>;

interface Job<Progress, Result> {
  readonly result: Promise<Result>;
  readonly abort: AbortController;
  readonly listeners: Set<(progress: Progress) => void>;
  last: Progress | undefined;
  waiting: number;
}

/** Jobs that are done once, however many want their result at the same time. */
export class Shared<Progress, Result> {
  readonly #jobs = new Map<string, Job<Progress, Result>>();

  /**
   * The result of the job with this key, which is started unless it is under way. Whoever aborts stops waiting; the job is aborted
   * with the last of them.
   */
  async join(
    key: string,
    start: Start<Progress, Result>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Result> {
    signal.throwIfAborted();
    const job = this.#jobs.get(key) ?? this.#begin(key, start);
    job.waiting += 1;
    job.listeners.add(onProgress);
    if (job.last !== undefined) onProgress(job.last);
    try {
      return await untilAborted(job.result, signal);
    } finally {
      job.listeners.delete(onProgress);
      job.waiting -= 1;
      if (job.waiting === 0) {
        // Whoever comes now starts anew.
        if (this.#jobs.get(key) === job) this.#jobs.delete(key);
        job.abort.abort(signal.reason);
      }
    }
  }

  #begin(key: string, start: Start<Progress, Result>): Job<Progress, Result> {
    const abort = new AbortController();
    const listeners = new Set<(progress: Progress) => void>();
    const report = (progress: Progress): void => {
      job.last = progress;
      for (const listener of listeners) listener(progress);
    };
    const result = Promise.try(() => start(report, abort.signal));
    const job: Job<Progress, Result> = { result, abort, listeners, last: undefined, waiting: 0 };
    this.#jobs.set(key, job);
    const over = (): void => {
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    };
    result.then(over, over);
    return job;
  }
}

/** Rejects with the signal's reason when that comes first. */
async function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([result, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
