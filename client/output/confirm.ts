import { createInterface } from 'node:readline/promises';
import { printText } from './print.ts';

/** Asks on the terminal, as Docker does, whether to go on. */
export async function isConfirmed(warning: string): Promise<boolean> {
  printText(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  using reader = createInterface({ input: process.stdin });
  for await (const line of reader) return /^y(es)?$/i.test(line.trim());
  return false;
}
