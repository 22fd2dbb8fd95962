import { type FindFolder, groups, type StatsGroup, statsIn } from './group.ts';

/** Time lost waiting for a resource (Documentation/accounting/psi.rst). */
interface Stall {
  /** Percent of the last 10, 60 and 300 seconds. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalUs: number;
}

export interface Pressure {
  /** At least one task waited. */
  readonly some: Stall;
  /** All waited at once; older kernels do not report it for cpu. */
  readonly full: Stall | null;
}

export interface PressureStats {
  readonly cpu: Pressure | null;
  readonly memory: Pressure | null;
  readonly io: Pressure | null;
}

function stall(text: string, kind: 'some' | 'full'): Stall | null {
  const at = text.indexOf(`${kind} avg10=`);
  if (at < 0) return null;
  const value = (key: string) => Number.parseFloat(text.slice(text.indexOf(`${key}=`, at) + key.length + 1));
  return { avg10: value('avg10'), avg60: value('avg60'), avg300: value('avg300'), totalUs: value('total') };
}

/** cpu.pressure, memory.pressure or io.pressure. */
export function parsePressure(text: string | null): Pressure | null {
  const some = text === null ? null : stall(text, 'some');
  return text === null || some === null ? null : { some, full: stall(text, 'full') };
}

/** v2 measures it for every cgroup, whichever hierarchy has the controller. */
export function pressureStats(find: FindFolder): StatsGroup<PressureStats> {
  const folder = find('cgroup');
  const of = (resource: string): StatsGroup<Pressure | null> =>
    statsIn(folder, [`${resource}.pressure`], ([text = null]) => parsePressure(text));
  return groups<PressureStats>({ cpu: of('cpu'), memory: of('memory'), io: of('io') });
}
