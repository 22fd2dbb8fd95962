import * as v from 'valibot';
import { isContainerId, isNetworkId } from '../../../common/ids.ts';
import { fields, type Of, orNull } from '../../../common/schema.ts';
import type { Database } from '../database.ts';

/** What a container that runs has on a network, as stored. */
export const endpointRowSchema = fields({
  containerId: v.pipe(v.string(), v.check(isContainerId, 'it is not the id of a container')),
  networkId: v.pipe(v.string(), v.check(isNetworkId, 'it is not the id of a network')),
  /** N of the interface ethN. */
  number: v.pipe(v.number(), v.integer(), v.minValue(0)),
  ipv4: orNull(v.string()),
  ipv6: orNull(v.string()),
  mac: v.string(),
});
export interface EndpointRow extends Of<typeof endpointRowSchema> {}

/** Endpoints. No two on a network have the same address. They go with their container. */
export function endpointTable(database: Database) {
  return {
    all: () =>
      database.all<EndpointRow>(
        'SELECT container_id AS containerId, network_id AS networkId, number, ipv4, ipv6, mac FROM endpoint ORDER BY container_id, number',
      ),

    /** Throws an Error when another container has one of the addresses. */
    insert({ containerId, networkId, number, ipv4, ipv6, mac }: EndpointRow): void {
      const sql =
        'INSERT INTO endpoint (container_id, network_id, number, ipv4, ipv6, mac) VALUES (?, ?, ?, ?, ?, ?)';
      database.run(sql, containerId, networkId, number, ipv4, ipv6, mac);
    },

    delete(containerId: string, networkId: string): void {
      database.run(
        'DELETE FROM endpoint WHERE container_id = ? AND network_id = ?',
        ...[containerId, networkId],
      );
    },
  };
}
