import { ExitRequest } from '../cli/exit-request.ts';
import type { FlagValues } from '../cli/flag.ts';
import { printError } from '../output/print.ts';

/** -i with -t means the user's own terminal: without one it ends in Docker's words. */
export function requireTerminal(flags: FlagValues): void {
  if (!flags.bool('interactive') || !flags.bool('tty') || process.stdin.isTTY) return;
  printError('the input device is not a TTY');
  throw new ExitRequest(1);
}
