import { printError } from './print.ts';

/** Prints a message from likerctl itself on stderr, as one line. */
export function notice(text: string): void {
  printError(`likerctl: ${text}`);
}
