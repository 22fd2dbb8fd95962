import type { Database } from '../database.ts';

/** The ranges of ids that containers have for themselves, by their first id on the host. A range goes with its container. */
export function idRangeTable(database: Database) {
  return {
    starts: () => database.all<{ start: number }>('SELECT start FROM id_range').map(({ start }) => start),

    /** Throws an Error when another container has the range. */
    insert(containerId: string, start: number): void {
      database.run('INSERT INTO id_range (container_id, start) VALUES (?, ?)', containerId, start);
    },
  };
}
