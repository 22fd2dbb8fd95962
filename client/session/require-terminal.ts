import { ExitRequest } from '../cli/exit-request.ts';
import type { FlagValues } from '../cli/flag.ts';
import { printError } from '../output/print.ts';
import { isTerminal } from '../output/streams.ts';

/** With -i and -t, stdin must be a terminal. Otherwise prints Docker's message and throws ExitRequest. */
export function requireTerminal(flags: FlagValues): void {
  if (!flags.bool('interactive') || !flags.bool('tty') || isTerminal('stdin')) return;
  printError('the input device is not a TTY');
  throw new ExitRequest(1);
}
