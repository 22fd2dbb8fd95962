import { Socket } from 'node:net';
import { LikerError } from '../../common/errors.ts';
import type { OpenSocket, SocketCall } from './side.ts';

/**
 * Copies by a program of the caller's own at one end of a socket, and one of likerd at the other: no byte goes through Node.js. Resolves to
 * what `own` does, or null if the socket cannot be reached, such as in another mount namespace: then nothing was done.
 */
export async function copyBySocket(
  call: SocketCall,
  own: (end: OpenSocket) => Promise<number>,
): Promise<number | null> {
  const socket = await connectedTo(call.path);
  if (!socket) {
    call.cancel();
    return null;
  }
  const left = new AbortController();
  let problem: { readonly error: unknown } | null = null;
  // An end that has only lost the other knows no reason: the other one does.
  const noted = (stop: () => void) => (error: unknown) => {
    if (problem && !isLost(problem.error)) return;
    problem = { error };
    if (!isLost(error)) stop();
  };
  let size = 0;
  const taken = own({ socket, signal: left.signal })
    .then((count) => {
      size = count;
    })
    .finally(() => socket.destroy());
  await Promise.all([taken.catch(noted(() => call.cancel())), call.done().catch(noted(() => left.abort()))]);
  // Typescript does not see that a callback has set it.
  const found = problem as { readonly error: unknown } | null;
  if (found) throw found.error;
  return size;
}

/** Null: no likerd is to be found there. */
function connectedTo(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = new Socket();
    // What comes is for the program that gets it.
    socket.pause();
    socket.once('error', () => resolve(null));
    socket.connect({ path }, () => resolve(socket));
  });
}

function isLost(error: unknown): boolean {
  return error instanceof LikerError && ['EPIPE', 'ECONNRESET'].includes(error.metadata['errno'] ?? '');
}
