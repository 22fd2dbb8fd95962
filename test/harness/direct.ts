import { readFileSync } from 'node:fs';
import { openFiles } from './proc.ts';
import { until } from './until.ts';

/** For a likerctl that says when it has lost likerd, and when it has found the next one: its bytes pass through likerd. */
export const throughLikerd = { LIKER_BYTES: 'likerd' };

/** Waits until a client is connected to the shim itself (docs/adr/0050): the shim has a connection to a socket that likerd has offered. */
export async function connectedTo(shim: number): Promise<void> {
  await until('a client of the shim', () => {
    const offered = readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .flatMap((line) => /(\d+) \S+\/files\/[0-9a-f]{32}$/.exec(line)?.[1] ?? []);
    const files = openFiles(shim);
    return offered.some((inode) => files.includes(`socket:[${inode}]`));
  });
}
