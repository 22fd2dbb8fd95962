import type { LeaseInput } from '../../../proto/gen/types/liker/v1/Lease.ts';
import type { LeaseServiceHandlers } from '../../../proto/gen/types/liker/v1/LeaseService.ts';
import type { LeaseService, LeaseView } from '../../engine/leases/api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { serverStream } from '../grpc/server-stream.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { timestampOfMs } from './format/time.ts';
import { inRange, required } from './parse/text.ts';

export function leaseService(context: ApiContext, leases: LeaseService): LeaseServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  return {
    CreateLease: changes(async ({ ttlMs }, _signal, peer) => ({
      lease: formatLease(leases.create({ uid: peer?.uid ?? 0, ttlMs: inRange(ttlMs, 'ttl_ms') })),
    })),
    HoldLease: serverStream(context, async function* ({ leaseId, ttlMs }, signal, peer) {
      if (peer === null) return;
      const asked = { id: leaseId, ttlMs: inRange(ttlMs, 'ttl_ms') };
      for await (const lease of leases.hold(asked, peer, signal)) yield { lease: formatLease(lease) };
    }),
    RenewLease: changes(async ({ leaseId }) => ({
      lease: formatLease(leases.renew(required(leaseId, 'lease_id'))),
    })),
    GetLease: reads(async ({ leaseId }) => ({
      lease: formatLease(leases.get(required(leaseId, 'lease_id'))),
    })),
    ListLeases: reads(async () => ({ leases: leases.list().map(formatLease) })),
    RemoveLease: changes(async ({ leaseId }) => {
      await leases.remove(required(leaseId, 'lease_id'));
      return {};
    }),
  };
}

function formatLease({ createdAt, expiresAt, holders, ...lease }: LeaseView): LeaseInput {
  return {
    ...lease,
    createdAt: timestampOfMs(createdAt),
    ...(expiresAt !== null && { expiresAt: timestampOfMs(expiresAt) }),
    holders: holders.map(({ process, connected }) => ({ pid: process?.pid ?? 0, connected })),
    containerIds: [...lease.containerIds],
    volumes: [...lease.volumes],
    networkIds: [...lease.networkIds],
  };
}
