import { asError } from '../../../common/errors.ts';
import { retry } from '../../loop/retry.ts';
import { removeContainer } from '../containers/verbs/remove.ts';
import type { EngineContext } from '../context.ts';
import { LeavingError } from '../leaving.ts';
import { removeNetwork } from '../networks/remove.ts';
import { removeVolume } from '../volumes/remove.ts';
import type { Lease } from './model/lease.ts';

const pauses = { firstMs: 100, longestMs: 10_000 };

/** Ends a lease. Rejects if something cannot be removed; that is tried again until it can. */
export async function endLease(context: EngineContext, lease: Lease, why: string): Promise<void> {
  if (lease.ended === '') context.leases.end(lease, why);
  try {
    await removeAll(context, lease);
  } catch (error) {
    if (error instanceof LeavingError) return;
    context.log.error('what belongs to a lease cannot be removed yet', {
      lease: lease.id,
      error: asError(error).message,
    });
    void retry(() => isRemoved(context, lease), pauses, context.leaving.signal);
    throw error;
  }
}

async function isRemoved(context: EngineContext, lease: Lease): Promise<boolean> {
  try {
    await removeAll(context, lease);
    return true;
  } catch {
    return false;
  }
}

/** Removes what belongs to a lease that has ended: containers first, since they use the others. */
export async function removeAll(context: EngineContext, lease: Lease): Promise<void> {
  const { registry, networks, volumes, leases } = context;
  const containers = registry.all().filter(({ spec }) => spec.leaseId === lease.id);
  await all(containers, (container) => removeContainer(context, container, { force: true, volumes: true }));
  const isOfLease = ({ leaseId }: { readonly leaseId: string }): boolean => leaseId === lease.id;
  await all(networks.all().filter(isOfLease), (network) => removeNetwork(context, network));
  await all(volumes.all().filter(isOfLease), async (volume) => removeVolume(context, volume));
  if (leases.get(lease.id) !== null) leases.forget(lease);
}

/** Tries each, whichever others fail. */
async function all<T>(things: readonly T[], remove: (thing: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(things.map(remove));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
