import { printError } from './print.ts';

/** Prints a message of likerctl's own on stderr, as one line. */
export function notice(text: string): void {
  printError(`likerctl: ${text}`);
}
