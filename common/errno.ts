import { constants } from 'node:os';

/** If a number has two names, such as EAGAIN and EWOULDBLOCK, the first in the list is the usual one and wins. */
const names = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** The name of an errno: ENOENT for 2 or -2. */
export function errnoName(errno: number): string {
  return names.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}
