import { closeSync, openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

type IntervalHistogram = ReturnType<typeof monitorEventLoopDelay>;

const resolutionMs = 20;
/** The recent figures are of the last one to two of these. */
const periodMs = 60_000;

export interface LoopDelays {
  readonly maxMs: number;
  readonly p99Ms: number;
  readonly recentMaxMs: number;
  readonly recentP99Ms: number;
  /** The greatest without the time in which the loop could have run and other processes had the CPUs. */
  readonly ownMaxMs: number;
}

/**
 * Measures how late the event loop is. A loop that is late was blocked by work of its own, or had no CPU: what it waited for
 * one tells the two apart (field 2 of /proc/PID/schedstat, nanoseconds on a run queue).
 */
export class LoopDelay implements Disposable {
  readonly #ever = watch();
  /** Each is emptied every second period, in turn, so that the older has seen the last period in full. */
  #older = watch();
  #newer = watch();
  #periodEnd = performance.now() + periodMs;
  readonly #schedstat = openSchedstat();
  readonly #buffer = Buffer.allocUnsafe(64);
  readonly #timer: NodeJS.Timeout;
  #lastTurn = performance.now();
  #lastWait = this.#waitedMs();
  #ownMaxMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#turn(), resolutionMs).unref();
  }

  now(): LoopDelays {
    return {
      maxMs: delayMs(this.#ever.max),
      p99Ms: delayMs(this.#ever.percentile(99)),
      recentMaxMs: delayMs(this.#older.max),
      recentP99Ms: delayMs(this.#older.percentile(99)),
      ownMaxMs: this.#ownMaxMs,
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const histogram of [this.#ever, this.#older, this.#newer]) histogram.disable();
    if (this.#schedstat !== null) closeSync(this.#schedstat);
  }

  #turn(): void {
    const now = performance.now();
    const waited = this.#waitedMs();
    const own = now - this.#lastTurn - resolutionMs - (waited - this.#lastWait);
    this.#ownMaxMs = Math.max(this.#ownMaxMs, own);
    this.#lastTurn = now;
    this.#lastWait = waited;
    if (now < this.#periodEnd) return;
    this.#periodEnd = now + periodMs;
    [this.#older, this.#newer] = [this.#newer, this.#older];
    this.#newer.reset();
  }

  #waitedMs(): number {
    if (this.#schedstat === null) return 0;
    const length = readSync(this.#schedstat, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#buffer.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  }
}

/** Null on a kernel without CONFIG_SCHED_INFO: then all delay counts as the loop's own. */
function openSchedstat(): number | null {
  try {
    return openSync('/proc/self/schedstat', 'r');
  } catch {
    return null;
  }
}

function watch(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return histogram;
}

/** From nanoseconds of the histogram, which counts its own interval. */
function delayMs(ns: number): number {
  return Number.isFinite(ns) ? Math.max(0, ns / 1e6 - resolutionMs) : 0;
}
