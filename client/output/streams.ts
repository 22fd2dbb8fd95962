import { fstatSync, writeSync } from 'node:fs';

export type Output = 'stdout' | 'stderr';
type Name = 'stdin' | Output;

const descriptors = { stdin: 0, stdout: 1, stderr: 2 } as const;

/** Set in likerctl's own process: what to do when its output cannot be written. Tests that run commands in theirs replace process.stdout. */
let onError: ((error: NodeJS.ErrnoException) => void) | undefined;
const loaded = new Set<Output>();

/**
 * Makes text go straight to the descriptors until a stream is used: loading process.stdout takes longer than a short command.
 * `handler` gets every error of both ways, and does not return.
 */
export function useDescriptors(handler: (error: NodeJS.ErrnoException) => void): void {
  onError = handler;
}

/** process.stdout or process.stderr, for what text alone does not do. */
export function stream(name: Output): NodeJS.WriteStream {
  if (onError && !loaded.has(name)) process[name].on('error', onError);
  loaded.add(name);
  return process[name];
}

export function isTerminal(name: Name): boolean {
  return onError ? isatty(descriptors[name]) : process[name].isTTY === true;
}

/** Asks node:tty, which is slow to load, only about character devices. */
function isatty(descriptor: number): boolean {
  return isDevice(descriptor) && process.getBuiltinModule('node:tty').isatty(descriptor);
}

function isDevice(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice();
  } catch {
    // It is closed.
    return false;
  }
}

/** Writes text in the order of the calls, also with those of the stream. */
export function write(name: Output, text: string): void {
  const rest = onError && !loaded.has(name) ? writeNow(descriptors[name], Buffer.from(text)) : text;
  if (rest.length > 0) stream(name).write(rest);
}

/** Returns what a descriptor that does not block has no room for. */
function writeNow(descriptor: number, bytes: Buffer): Buffer {
  let rest = bytes;
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
  } catch (thrown) {
    const error = thrown as NodeJS.ErrnoException;
    if (error.code !== 'EAGAIN') onError?.(error);
  }
  return rest;
}

/** Resolves when all text has left the process. */
export async function flush(): Promise<void> {
  await Promise.all(
    [...loaded].map((name) => new Promise<void>((resolve) => process[name].write('', () => resolve()))),
  );
}
