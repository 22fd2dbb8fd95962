import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { stream } from './streams.ts';

/** Asks a question on the terminal. Null: the answer was cut off by ^C or ^D. */
export async function ask(question: string): Promise<string | null> {
  return await answer(stream('stdout'), (lines, signal) => lines.question(question, { signal }));
}

/** As `ask`, without showing what is typed. */
export async function askSecret(question: string): Promise<string | null> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    return await answer(nowhere, (lines, signal) => {
      // Not before: the terminal would still show what is typed at once.
      stream('stdout').write(question);
      return lines.question('', { signal });
    });
  } finally {
    stream('stdout').write('\n');
  }
}

/** With the terminal in raw mode, as the interface sets it. */
async function answer(
  output: Writable,
  question: (lines: Interface, signal: AbortSignal) => Promise<string>,
): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const cut = new AbortController();
  for (const event of ['SIGINT', 'close'] as const) lines.on(event, () => cut.abort());
  try {
    return await question(lines, cut.signal);
  } catch {
    return null;
  } finally {
    lines.close();
  }
}
