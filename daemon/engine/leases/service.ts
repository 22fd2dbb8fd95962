import { once } from 'node:events';
import { badArgument, hasReason, LikerError } from '../../../common/errors.ts';
import type { EngineContext } from '../context.ts';
import type { LeaseService, LeaseView } from './api.ts';
import { endLease, removeAll } from './end.ts';
import { type Lease, leftMs } from './model/lease.ts';
import { hold, holderLost, watchTime } from './watch.ts';

export function leaseService(context: EngineContext): LeaseService {
  const { leases } = context;
  const view = (lease: Lease): LeaseView => leaseView(context, lease);
  const create = (asked: { readonly uid: number; readonly ttlMs: number }): Lease => {
    const lease = leases.create(asked);
    void watchTime(context, lease);
    return lease;
  };
  return {
    create(asked) {
      if (asked.ttlMs === 0)
        throw badArgument(
          'ttl_ms',
          'Missing ttl_ms: a lease that nobody holds needs a time to live; give one, or use HoldLease',
        );
      return view(create(asked));
    },

    async *hold({ id, ttlMs }, { uid, pid }, signal) {
      if (id !== '' && ttlMs !== 0)
        throw badArgument('ttl_ms', `Cannot give lease '${id}' a time to live: only a new one gets it`);
      const lease = id === '' ? create({ uid, ttlMs }) : leases.findOpen(id);
      const holder = hold(context, lease, pid);
      try {
        yield view(lease);
        await aborted(AbortSignal.any([signal, lease.gone.signal]));
      } finally {
        // The next likerd waits for the holder.
        if (!hasReason(signal.reason, 'SHUTTING_DOWN')) holderLost(context, lease, holder);
      }
    },

    renew(id) {
      const lease = leases.findOpen(id);
      if (lease.ttlMs === 0)
        throw new LikerError('WRONG_STATE', `Cannot renew lease '${id}': it has no time to live`, {
          metadata: { lease: id },
        });
      leases.renew(lease);
      return view(lease);
    },

    get: (id) => view(leases.find(id)),

    list: () => leases.all().map(view),

    async remove(id) {
      const lease = leases.get(id);
      if (lease?.ended === '') await endLease(context, lease, 'it was removed');
      else if (lease) await removeAll(context, lease);
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

function leaseView({ registry, volumes, networks }: EngineContext, lease: Lease): LeaseView {
  const { id, createdAt, uid, ttlMs, holders, ended } = lease;
  const isOfLease = ({ leaseId }: { readonly leaseId: string }): boolean => leaseId === id;
  return {
    ...{ id, createdAt, uid, ttlMs },
    expiresAt: ttlMs === 0 ? null : Date.now() + leftMs(lease),
    holders: holders.map(({ process, connected }) => ({ process, connected })),
    ending: ended !== '',
    containerIds: registry
      .all()
      .filter(({ spec }) => isOfLease(spec))
      .map((container) => container.id),
    volumes: volumes
      .all()
      .filter(isOfLease)
      .map(({ name }) => name),
    networkIds: networks
      .all()
      .filter(isOfLease)
      .map((network) => network.id),
  };
}
