import { constants } from 'node:os';

/** The usual name where a number has two, such as EAGAIN and EWOULDBLOCK: it comes first in the list. */
const names = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** ENOENT for 2 or -2. */
export function errnoName(errno: number): string {
  return names.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}
