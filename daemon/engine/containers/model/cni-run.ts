import * as v from 'valibot';
import { fields, type Of } from '../../../../common/schema.ts';
import { cniNetworkSchema } from '../../../kernel/cni/config.ts';
import type { CniConnection } from '../../../kernel/cni/result.ts';
import type { NetworkConnection } from './spec.ts';

/** What must be told to the plugins of CNI again when they disconnect a container, whatever has happened meanwhile. */
export const cniRecordSchema = fields({
  /** By which processes of the plugins are known. */
  marker: v.string(),
  /** Of the container, which may be gone. */
  name: v.optional(v.string(), ''),
  /** What the plugins said when they could not disconnect it; empty: they were not asked yet. */
  failure: v.optional(v.string(), ''),
  /** Path of the network namespace, once plugins were called; empty: none was. */
  namespace: v.optional(v.string(), ''),
  attachments: v.array(
    fields({
      network: cniNetworkSchema,
      interfaceName: v.string(),
      capabilities: v.optional(v.record(v.string(), v.unknown()), {}),
      args: v.optional(v.string(), ''),
      /** Null: the plugins have not ended. */
      result: v.optional(v.unknown(), null),
    }),
  ),
});
export interface CniRecord extends Of<typeof cniRecordSchema> {}
export type CniAttachment = CniRecord['attachments'][number];

/** What a run has of CNI. */
export interface CniRun {
  record: CniRecord;
  /** What the results say, in the order of the attachments; empty until all have one. */
  connections: readonly CniConnection[];
  /** The network namespace, held open so that the plugins find it until the end; null: not yet, or it is gone. */
  namespace: number | null;
  /** An earlier likerd has begun it, whose plugins may still be at work. */
  isTakenOver: boolean;
  /** Set while plugins connect the container. Stops them, and waits for their end. */
  stop: (() => Promise<void>) | null;
}

/** Those that are asked for. */
export function addressesOf({ ipv4, ipv6 }: Pick<NetworkConnection, 'ipv4' | 'ipv6'>): string[] {
  return [ipv4, ipv6].filter((address) => address !== '');
}
