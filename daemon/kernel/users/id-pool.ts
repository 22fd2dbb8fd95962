import { randomInt } from 'node:crypto';
import { rangeSize } from './id-maps.ts';

/** Ids of the host, as users and as groups. */
export interface IdSpan {
  readonly start: number;
  readonly count: number;
}

/** Where the ranges of containers come from. Each is of `rangeSize` ids, as users and as groups. */
export class IdPool {
  /** Where the ids come from, for a person. */
  readonly source: string;
  readonly spans: readonly IdSpan[];
  /** Places for ranges: `places` of them from `start` on. */
  readonly #rows: readonly { readonly start: number; readonly places: number }[];
  /** How many ranges there is room for. */
  readonly size: number;

  constructor(source: string, spans: readonly IdSpan[]) {
    this.source = source;
    this.spans = joined(spans);
    this.#rows = this.spans.map(({ start, count }) => ({ start, places: Math.floor(count / rangeSize) }));
    this.size = this.#rows.reduce((sum, { places }) => sum + places, 0);
  }

  /**
   * The start of a range that touches no ids that are taken, which need not be of this pool; null if there is none. It is
   * drawn at random, so that two daemons of one machine seldom meet.
   */
  pick(taken: Iterable<IdSpan>, random: (below: number) => number = randomInt): number | null {
    const blocked = this.#blocked(taken);
    const free = this.size - blocked.length;
    if (free <= 0) return null;
    let place = random(free);
    for (const other of blocked) if (other <= place) place += 1;
    return this.#startOf(place);
  }

  /** How many of its places are free. */
  free(taken: Iterable<IdSpan>): number {
    return this.size - this.#blocked(taken).length;
  }

  /** The places, in order, that are taken in part or in whole. */
  #blocked(taken: Iterable<IdSpan>): number[] {
    const places = new Set<number>();
    for (const { start, count } of taken) {
      let before = 0;
      for (const row of this.#rows) {
        const first = Math.max(0, Math.floor((start - row.start) / rangeSize));
        const end = Math.min(row.places, Math.ceil((start + count - row.start) / rangeSize));
        for (let place = first; place < end; place++) places.add(before + place);
        before += row.places;
      }
    }
    return [...places].sort((a, b) => a - b);
  }

  #startOf(place: number): number {
    let before = 0;
    for (const { start, places } of this.#rows) {
      if (place < before + places) return start + (place - before) * rangeSize;
      before += places;
    }
    throw new RangeError(`There is no place ${place}`);
  }
}

/** In order, with those that touch made one. */
export function joined(spans: readonly IdSpan[]): IdSpan[] {
  const result: IdSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && span.start <= last.start + last.count)
      result[result.length - 1] = {
        start: last.start,
        count: Math.max(last.count, span.start + span.count - last.start),
      };
    else result.push({ start: span.start, count: span.count });
  }
  return result;
}

/** The ids that are in both. */
export function inBoth(one: readonly IdSpan[], other: readonly IdSpan[]): IdSpan[] {
  return joined(one).flatMap((a) =>
    joined(other).flatMap((b) => {
      const start = Math.max(a.start, b.start);
      const count = Math.min(a.start + a.count, b.start + b.count) - start;
      return count > 0 ? [{ start, count }] : [];
    }),
  );
}

/** The ids of `spans` without those of `others`, in whole places counted from the start of each span. */
export function without(spans: readonly IdSpan[], others: readonly IdSpan[]): IdSpan[] {
  let left = [...spans];
  for (const other of others)
    left = left.flatMap((span) => {
      const before = Math.floor((other.start - span.start) / rangeSize);
      const after = Math.ceil((other.start + other.count - span.start) / rangeSize);
      if (after <= 0 || other.start >= span.start + span.count) return [span];
      const rest = { start: span.start + after * rangeSize, count: span.count - after * rangeSize };
      return [{ start: span.start, count: Math.max(0, before) * rangeSize }, rest].filter(
        ({ count }) => count > 0,
      );
    });
  return left;
}
