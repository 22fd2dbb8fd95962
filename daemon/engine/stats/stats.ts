import { availableParallelism, totalmem } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { Slices } from '../../loop/turns.ts';
import type { Container } from '../containers/model/container.ts';
import { livePhase } from '../containers/model/phase.ts';
import type { EngineContext } from '../context.ts';
import { figuresReader } from './figures.ts';
import type { ContainerSample, StatsOptions, StatsService, StatsSnapshot } from './model.ts';

/** The CPU time of a container at its last read. */
interface LastUsage {
  readonly at: number;
  readonly usageUs: number;
}

export function statsService(context: EngineContext): StatsService {
  return {
    read: (options, signal) => readStats(context, options, signal),
    watch: (options, signal) => watchStats(context, options, signal),
  };
}

/** The current figures; with an interval they are read again after it and include rates. */
async function readStats(
  context: EngineContext,
  options: StatsOptions & { readonly intervalMs: number | null; readonly watched: boolean },
  signal: AbortSignal,
): Promise<StatsSnapshot> {
  const { intervalMs, watched } = options;
  const select = selection(context, options);
  const last = new Map<string, LastUsage>();
  const first = await snapshot(context, select() ?? [], { watched: watched || intervalMs !== null, last });
  if (intervalMs === null) return first;
  await setTimeout(intervalMs, undefined, { signal }).catch(() => {});
  const left = signal.aborted ? null : select();
  return left ? snapshot(context, left, { watched: true, last }) : first;
}

/** The figures now and at every interval, as long as one of the named containers exists. */
async function* watchStats(
  context: EngineContext,
  options: StatsOptions & { readonly intervalMs: number },
  signal: AbortSignal,
): AsyncIterable<StatsSnapshot> {
  const select = selection(context, options);
  const last = new Map<string, LastUsage>();
  let due = performance.now();
  while (!signal.aborted) {
    const containers = select();
    if (containers === null) return;
    yield await snapshot(context, containers, { watched: true, last });
    // A late reader skips the missed intervals.
    const waitMs = Math.max(0, due + options.intervalMs - performance.now());
    due = performance.now() + waitMs;
    await setTimeout(waitMs, undefined, { signal }).catch(() => {});
  }
}

/** Selects the containers to read, anew each time; null when no named container is left. Throws if a named one does not exist. */
function selection({ registry }: EngineContext, { containers, all }: StatsOptions): () => Container[] | null {
  if (containers.length === 0) {
    return () => registry.all().filter(({ phase }) => all || livePhase(phase) !== null);
  }
  const named = [...new Set(containers.map((reference) => registry.find(reference)))];
  return () => {
    const left = named.filter(({ removed }) => !removed);
    return left.length > 0 ? left : null;
  };
}

async function snapshot(
  context: EngineContext,
  containers: readonly Container[],
  { watched, last }: { readonly watched: boolean; readonly last: Map<string, LastUsage> },
): Promise<StatsSnapshot> {
  const taken = { time: Date.now(), cpus: availableParallelism(), memoryBytes: totalmem() };
  const samples: ContainerSample[] = [];
  const slices = new Slices();
  for (const container of containers) {
    if (slices.over) await slices.next();
    if (!container.removed) samples.push(sample(context, container, watched, last));
  }
  return { ...taken, containers: samples };
}

function sample(
  context: EngineContext,
  container: Container,
  watched: boolean,
  last: Map<string, LastUsage>,
): ContainerSample {
  const { id, name, phase } = container;
  const figures = context.openReaders.read(id, () => figuresReader(context, container), watched);
  const usageUs = figures?.cpu.usage?.usageUs;
  const before = last.get(id);
  const now = usageUs === undefined ? undefined : { at: performance.now(), usageUs };
  if (now === undefined) last.delete(id);
  else last.set(id, now);
  return { id, name, state: phase.state, figures, cpuPercent: now && before ? percent(before, now) : null };
}

/** Percent of one CPU; null when the container was restarted in between. */
function percent(before: LastUsage, now: LastUsage): number | null {
  const elapsedUs = (now.at - before.at) * 1000;
  if (elapsedUs <= 0 || now.usageUs < before.usageUs) return null;
  return (100 * (now.usageUs - before.usageUs)) / elapsedUs;
}
