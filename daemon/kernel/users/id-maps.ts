import * as v from 'valibot';
import { fields, type Of } from '../../../common/schema.ts';

const idRun = fields({ inside: v.number(), outside: v.number(), count: v.number() });

/** `count` ids from `inside` on in a user namespace are those from `outside` on of the host: a line of /proc/PID/uid_map. */
export interface IdRun extends Of<typeof idRun> {}

export const idMapsSchema = fields({ uids: v.array(idRun), gids: v.array(idRun) });

/** What the ids of a user namespace are on the host: user_namespaces(7). Ids without a run do not exist inside. */
export interface IdMaps extends Of<typeof idMapsSchema> {}

/** Ids of a range that a container has for itself: what 16 bits hold, as adduser and nobody take for granted. */
export const rangeSize = 65_536;

/** -1, which chown(2) and setresuid(2) take for "leave it". */
export const noId = 2 ** 32 - 1;

/** The kernel's bound for a map: UID_GID_MAP_MAX_EXTENTS in include/linux/user_namespace.h. */
const mostRuns = 340;

/** The id on the host; null: it has none. */
export function toOutside(runs: readonly IdRun[], id: number): number | null {
  const run = runs.find(({ inside, count }) => id >= inside && id < inside + count);
  return run === undefined ? null : run.outside + (id - run.inside);
}

/** The id in the namespace; null: it has none, and shows as that of nobody. */
export function toInside(runs: readonly IdRun[], id: number): number | null {
  const run = runs.find(({ outside, count }) => id >= outside && id < outside + count);
  return run === undefined ? null : run.inside + (id - run.outside);
}

/** All groups, for net.ipv4.ping_group_range. The kernel compares them as they are on the host. */
export function wholeGroupRange({ gids }: IdMaps): string {
  const least = Math.min(...gids.map(({ outside }) => outside));
  const greatest = Math.max(...gids.map(({ outside, count }) => outside + count - 1));
  return `${toInside(gids, least) ?? 0} ${toInside(gids, greatest) ?? 0}`;
}

/** The greatest group inside, which nobody takes for a group of people. */
export function lastGroup({ gids }: IdMaps): number {
  return Math.max(...gids.map(({ inside, count }) => inside + count - 1));
}

/** A range of the host's ids, from 0 on inside. */
export function rangeMaps(start: number): IdMaps {
  const runs = [{ inside: 0, outside: start, count: rangeSize }];
  return { uids: runs, gids: runs };
}

/** A range in which one user and one group are the same as on the host. */
export function keepIdMaps(
  start: number,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): IdMaps {
  return { uids: keeping(start, uid), gids: keeping(start, gid) };
}

function keeping(start: number, id: number): IdRun[] {
  const range = { inside: 0, outside: start, count: rangeSize };
  const kept = { inside: id, outside: id, count: 1 };
  if (id >= rangeSize) return [range, kept];
  const after = { inside: id + 1, outside: start + id + 1, count: rangeSize - id - 1 };
  return [{ ...range, count: id }, kept, after].filter(({ count }) => count > 0);
}

/**
 * Maps into the user namespace of an ordinary user's likerd, in which he is 0: he has these ids inside, and what others there are, from 1
 * on, follow one another around him. `others`: how many there are to give.
 */
export function keepOwnMaps(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  others: number,
): IdMaps {
  return { uids: aroundOwn(uid, others), gids: aroundOwn(gid, others) };
}

function aroundOwn(id: number, others: number): IdRun[] {
  const before = Math.min(id, others);
  const after = Math.max(0, Math.min(others, rangeSize - 1) - before);
  return [
    { inside: 0, outside: 1, count: before },
    { inside: id, outside: 0, count: 1 },
    { inside: id + 1, outside: before + 1, count: after },
  ].filter(({ count }) => count > 0);
}

/** Runs whose outside ids are those inside `maps`, as runs of the host's ids. Ids that `maps` lacks are left out. */
export function within(runs: readonly IdRun[], maps: readonly IdRun[]): IdRun[] {
  return runs.flatMap((run) =>
    maps.flatMap((map) => {
      const first = Math.max(run.outside, map.inside);
      const end = Math.min(run.outside + run.count, map.inside + map.count);
      if (first >= end) return [];
      const inside = run.inside + (first - run.outside);
      return [{ inside, outside: map.outside + (first - map.inside), count: end - first }];
    }),
  );
}

export function sameMaps(one: IdMaps, other: IdMaps): boolean {
  return formatIdMaps(one) === formatIdMaps(other);
}

/** As parseIdMaps reads it: uids=0-1000-1#1-100000-65535;gids=0-1000-1. */
export function formatIdMaps({ uids, gids }: IdMaps): string {
  return `uids=${uids.map(formatRun).join('#')};gids=${gids.map(formatRun).join('#')}`;
}

function formatRun({ inside, outside, count }: IdRun): string {
  return `${inside}-${outside}-${count}`;
}

/**
 * Reads uids=INSIDE-OUTSIDE-COUNT[#…];gids=… (one of them alone is for both), or INSIDE:OUTSIDE:COUNT[#…] for both. Returns
 * null for a text of another form, and why not for a map that the kernel would refuse.
 */
export function parseIdMaps(text: string): IdMaps | string | null {
  const both = parseRuns(text, ':');
  if (both !== null) return checkedMaps({ uids: both, gids: both });
  const parts = new Map<string, IdRun[]>();
  for (const part of text.split(';')) {
    const [, kind, list] = /^(uids|gids)=(.*)$/s.exec(part) ?? [];
    if (kind === undefined || list === undefined) return null;
    const runs = parseRuns(list, '-');
    if (runs === null) return null;
    if (parts.has(kind)) return `it has ${kind} twice`;
    parts.set(kind, runs);
  }
  const uids = parts.get('uids') ?? parts.get('gids') ?? [];
  return checkedMaps({ uids, gids: parts.get('gids') ?? uids });
}

function parseRuns(text: string, separator: string): IdRun[] | null {
  const runs = text.split('#').map((run) => parseRun(run, separator));
  return runs.every((run) => run !== null) ? runs : null;
}

function parseRun(text: string, separator: string): IdRun | null {
  const numbers = text.split(separator);
  if (numbers.length !== 3 || !numbers.every((number) => /^\d{1,10}$/.test(number))) return null;
  const [inside = 0, outside = 0, count = 0] = numbers.map(Number);
  return { inside, outside, count };
}

function checkedMaps(maps: IdMaps): IdMaps | string {
  return whyInvalid('uids', maps.uids) ?? whyInvalid('gids', maps.gids) ?? maps;
}

/** The kernel takes a map in one write of less than a page. */
const pageBytes = 4096;

/** Why the kernel would not take these runs; null: it does. */
function whyInvalid(kind: string, runs: readonly IdRun[]): string | null {
  if (runs.length > mostRuns) return `its ${kind} have ${runs.length} runs, and the kernel takes ${mostRuns}`;
  const bytes = runs.reduce((sum, run) => sum + formatRun(run).length + 1, 0);
  if (bytes >= pageBytes)
    return `its ${kind} take ${bytes} bytes in the form of /proc/PID/uid_map, and the kernel takes ${pageBytes - 1}`;
  for (const run of runs) {
    const text = formatRun(run);
    if (run.count === 0) return `its ${kind} have the run ${text} of no ids`;
    if (Math.max(run.inside, run.outside) + run.count > noId)
      return `its ${kind} have the run ${text}, which reaches beyond the last id, ${noId - 1}`;
  }
  for (const side of ['inside', 'outside'] as const) {
    const sorted = runs.toSorted((one, other) => one[side] - other[side]);
    for (const [index, run] of sorted.entries()) {
      const next = sorted[index + 1];
      if (next !== undefined && run[side] + run.count > next[side])
        return `its ${kind} have the runs ${formatRun(run)} and ${formatRun(next)}, which overlap ${side}`;
    }
  }
  return null;
}
