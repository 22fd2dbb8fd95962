// All of likerctl's own output goes through here. The output of containers (logs, sessions) goes through a Sink, unchanged.
import { isTerminal, write } from './streams.ts';
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
  write('stdout', text);
}

let isRaw = false;

/** Whether the terminal is in raw mode, where a newline needs a carriage return. */
export function setRaw(raw: boolean): void {
  isRaw = raw;
}

/** Prints a line on stderr, with control characters escaped. */
export function printError(line: string): void {
  write('stderr', visible(line) + (isRaw ? '\r\n' : '\n'));
}

/** True if stdout is a terminal. As with `ls`, output to a file or program must stay unchanged. */
export function isOnTerminal(): boolean {
  return isTerminal('stdout');
}
