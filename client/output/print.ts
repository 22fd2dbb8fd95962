// All of likerctl's own output goes through here. The output of containers (logs, sessions) goes through a Sink, unchanged.
import { visible } from './visible.ts';

/** Prints lines for a person. Control characters are escaped, so that each stays one line. */
export function printLines(lines: readonly string[]): void {
  printRows(lines.map(visible));
}

/** Prints lines unchanged: those of a list, which are escaped as --format demands. */
export function printRows(lines: readonly string[]): void {
  printText(lines.map((line) => `${line}\n`).join(''));
}

/** Prints text unchanged: the result of a template, JSON, likerctl's own words. */
export function printText(text: string): void {
  process.stdout.write(text);
}

/** Prints a line on stderr, with control characters escaped. */
export function printError(line: string): void {
  // In raw mode a newline needs a carriage return.
  const newline = process.stdin.isTTY && process.stdin.isRaw ? '\r\n' : '\n';
  process.stderr.write(visible(line) + newline);
}

/** True if stdout is a terminal. As with `ls`, output to a file or program must stay unchanged. */
export function isOnTerminal(): boolean {
  return process.stdout.isTTY === true;
}
