import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { Sink } from './sink.ts';
import { stream } from './streams.ts';

const fatalSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Writes an archive to stdout, no faster than the reader takes it. */
export async function archiveToStdout(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const sink = new Sink(() => stream('stdout'));
  for await (const chunk of chunks) await sink.write(chunk);
  await sink.flush();
}

/**
 * Writes an archive to a file of the user alone, which gets its name when it is complete: a failure, or a signal, leaves what was there
 * before. To a device or a pipe it is written directly. Rejects with the system's error.
 */
export async function archiveToFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const there = await stat(path).catch(() => null);
  if (there !== null && !there.isFile()) {
    await using device = await open(path, 'w');
    await writeAll(device, chunks);
    return;
  }
  const draft = `${path}.${randomBytes(4).toString('hex')}.part`;
  using _ = removeOnSignal(draft);
  try {
    await using file = await open(draft, 'wx', 0o600);
    await writeAll(file, chunks);
    await rename(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

async function writeAll(file: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) await file.writeFile(chunk);
}

function removeOnSignal(path: string): Disposable {
  const stop = (): void => {
    for (const signal of fatalSignals) process.off(signal, end);
  };
  const end = (signal: NodeJS.Signals): void => {
    rmSync(path, { force: true });
    stop();
    process.kill(process.pid, signal);
  };
  for (const signal of fatalSignals) process.on(signal, end);
  return { [Symbol.dispose]: stop };
}
