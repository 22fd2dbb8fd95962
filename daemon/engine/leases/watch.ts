import timers from 'node:timers/promises';
import { longestTimerMs, steadyMs } from '../../loop/sync.ts';
import type { EngineContext } from '../context.ts';
import { endLease } from './end.ts';
import { type Holder, type HolderProcess, type Lease, leftMs } from './model/lease.ts';

/** How long a holder that lives may take to call again. */
const graceMs = 1000;
/** The same after a restart of likerd, where its process is not known: libraries try to connect ever more rarely. */
const restartGraceMs = 60_000;
const pollMs = 100;
const holderEnded = 'its holder has ended';
const timeOver = 'it was not renewed in time';

/**
 * Ends the leases that an earlier daemon left and whose holders are gone, or whose time is over. Call it before containers are adopted, and
 * may be started again.
 */
export function endLeft(context: EngineContext, { freshBoot }: { readonly freshBoot: boolean }): void {
  const { leases } = context;
  for (const lease of leases.all().filter(({ ended }) => ended === '')) {
    const { ttlMs, holders } = lease;
    for (const holder of holders) if (freshBoot || hasEnded(context, holder)) leases.letGo(lease, holder);
    if (lease.holders.length === 0 && (holders.length > 0 || ttlMs === 0)) leases.end(lease, holderEnded);
    else if (leftMs(lease) === 0) leases.end(lease, timeOver);
  }
}

/** Removes what belongs to the leases that have ended, and watches the others. Call it when containers are adopted. */
export function watchLeft(context: EngineContext): void {
  for (const lease of context.leases.all()) {
    if (lease.ended !== '') {
      endInBackground(context, lease, lease.ended);
      continue;
    }
    void watchTime(context, lease);
    for (const holder of lease.holders)
      void watchHolder(
        context,
        lease,
        holder,
        holder.process === null ? restartGraceMs : Number.POSITIVE_INFINITY,
      );
  }
}

/** Ends the lease when its time is over. */
export async function watchTime(context: EngineContext, lease: Lease): Promise<void> {
  const over = overOf(context, lease);
  while (lease.ended === '') {
    const ms = leftMs(lease);
    if (ms === Number.POSITIVE_INFINITY) return;
    if (ms === 0) return endInBackground(context, lease, timeOver);
    if (!(await slept(Math.min(ms, longestTimerMs), over))) return;
  }
}

/** Adds a holder whose call is open, in the place of those of the same process whose calls have ended. */
export function hold({ leases, proc }: EngineContext, lease: Lease, pid: number): Holder {
  const startTime = proc.startTimeOf(pid);
  const process = startTime === null ? null : { pid, startTime };
  const holder = leases.hold(lease, process);
  for (const other of lease.holders)
    if (!other.connected && isSame(other.process, process)) leases.letGo(lease, other);
  return holder;
}

/** The holder's call has ended. */
export function holderLost(context: EngineContext, lease: Lease, holder: Holder): void {
  if (context.leaving.signal.aborted) return;
  holder.connected = false;
  void watchHolder(context, lease, holder, graceMs);
}

/** Lets a holder go whose call is not open: when its process has ended, or after this time. The last one ends the lease. */
async function watchHolder(context: EngineContext, lease: Lease, holder: Holder, ms: number): Promise<void> {
  const over = overOf(context, lease);
  const until = steadyMs() + ms;
  while (steadyMs() < until && !hasEnded(context, holder)) {
    if (!(await slept(pollMs, over))) return;
    // It has called again.
    if (!lease.holders.includes(holder)) return;
  }
  const why = hasEnded(context, holder) ? holderEnded : 'nobody holds it any more';
  context.leases.letGo(lease, holder);
  if (lease.holders.length === 0 && lease.ended === '') endInBackground(context, lease, why);
}

function hasEnded({ proc }: EngineContext, { process }: Holder): boolean {
  if (process === null) return false;
  return proc.startTimeOf(process.pid) !== process.startTime || proc.isKilled(process.pid);
}

function isSame(one: HolderProcess | null, other: HolderProcess | null): boolean {
  return one !== null && one.pid === other?.pid && one.startTime === other.startTime;
}

/** A failure is logged, and tried again. */
function endInBackground(context: EngineContext, lease: Lease, why: string): void {
  endLease(context, lease, why).catch(() => {});
}

/** Aborted when the lease is gone, or this daemon has left it to the next one. */
function overOf({ leaving }: EngineContext, { gone }: Lease): AbortSignal {
  return AbortSignal.any([leaving.signal, gone.signal]);
}

/** False: the signal was aborted. */
async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  await timers.setTimeout(ms, undefined, { ref: false, signal }).catch(() => {});
  return !signal.aborted;
}
