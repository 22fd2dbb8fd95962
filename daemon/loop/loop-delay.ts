import { monitorEventLoopDelay } from 'node:perf_hooks';

type IntervalHistogram = ReturnType<typeof monitorEventLoopDelay>;

const resolutionMs = 20;
/** The recent figures cover the last one to two periods. */
const periodMs = 60_000;

export interface LoopDelays {
  readonly maxMs: number;
  readonly p99Ms: number;
  readonly recentMaxMs: number;
  readonly recentP99Ms: number;
  /** The most CPU time that the loop's thread used during a delay. The rest of a delay was spent waiting for a CPU or a disk. */
  readonly busyMaxMs: number;
}

/** Measures how late the event loop is, and how much of the delay was its own work. */
export class LoopDelay implements Disposable {
  readonly #ever = watch();
  /** The two are reset alternately, one each period, so that the older always covers the last period in full. */
  #older = watch();
  #newer = watch();
  #periodEnd = performance.now() + periodMs;
  readonly #timer: NodeJS.Timeout;
  #last: { readonly at: number; readonly cpu: NodeJS.CpuUsage } | undefined;
  #busyMaxMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#turn(), resolutionMs).unref();
  }

  now(): LoopDelays {
    return {
      maxMs: delayMs(this.#ever.max),
      p99Ms: delayMs(this.#ever.percentile(99)),
      recentMaxMs: delayMs(this.#older.max),
      recentP99Ms: delayMs(this.#older.percentile(99)),
      busyMaxMs: this.#busyMaxMs,
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const histogram of [this.#ever, this.#older, this.#newer]) histogram.disable();
  }

  #turn(): void {
    const now = performance.now();
    const cpu = process.threadCpuUsage();
    if (this.#last) {
      const lateMs = now - this.#last.at - resolutionMs;
      const usedMs = (cpu.user + cpu.system - this.#last.cpu.user - this.#last.cpu.system) / 1000;
      this.#busyMaxMs = Math.max(this.#busyMaxMs, Math.min(lateMs, usedMs));
    }
    this.#last = { at: now, cpu };
    if (now < this.#periodEnd) return;
    this.#periodEnd = now + periodMs;
    [this.#older, this.#newer] = [this.#newer, this.#older];
    this.#newer.reset();
  }
}

function watch(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return histogram;
}

/** Converts nanoseconds of the histogram, which include its own sampling interval. */
function delayMs(ns: number): number {
  return Number.isFinite(ns) ? Math.max(0, ns / 1e6 - resolutionMs) : 0;
}
