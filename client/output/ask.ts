import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Asks a question on the terminal. Null: the answer was cut off by ^C or ^D. */
export async function ask(question: string): Promise<string | null> {
  return await answer(question, process.stdout);
}

/** As `ask`, without showing what is typed. */
export async function askSecret(question: string): Promise<string | null> {
  process.stdout.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    return await answer('', nowhere);
  } finally {
    process.stdout.write('\n');
  }
}

async function answer(question: string, output: Writable): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const cut = new AbortController();
  for (const event of ['SIGINT', 'close'] as const) lines.on(event, () => cut.abort());
  try {
    return await lines.question(question, { signal: cut.signal });
  } catch {
    return null;
  } finally {
    lines.close();
  }
}
