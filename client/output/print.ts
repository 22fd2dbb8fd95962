// All of likerctl's own output goes through here. What a container has written (logs, sessions) passes through a Sink unchanged.
import { visible } from './visible.ts';

/** Prints lines for a person: a control character in one is shown, so that each stays one line. */
export function printLines(lines: readonly string[]): void {
  printText(lines.map((line) => `${visible(line)}\n`).join(''));
}

/** Prints text as it is: a template's result, JSON, likerctl's own words. */
export function printText(text: string): void {
  process.stdout.write(text);
}

/** Prints a line on stderr; control characters are shown. */
export function printError(line: string): void {
  // In raw mode a newline needs its carriage return.
  const newline = process.stdin.isTTY && process.stdin.isRaw ? '\r\n' : '\n';
  process.stderr.write(visible(line) + newline);
}

/** Does a person read it? Output to a file or a program must arrive unchanged, as with `ls`. */
export function isOnTerminal(): boolean {
  return process.stdout.isTTY === true;
}
