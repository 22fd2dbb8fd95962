import { printError } from './print.ts';

/** One line on stderr that is likerctl's own. */
export function notice(text: string): void {
  printError(`likerctl: ${text}`);
}
