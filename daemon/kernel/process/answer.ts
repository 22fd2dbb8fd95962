import { Socket } from 'node:net';
import { asError } from '../../../common/errors.ts';
import { FrameReader } from '../../../common/shim/reader.ts';
import { Cursor } from './cursor.ts';

/**
 * Passes each answer of a shim that starts nothing to `take`, which returns the time limit in ms for the next one. Resolves
 * when the shim ends or is too slow, rejects with what `take` throws, and closes the socket.
 */
export function readAnswer(
  socketFd: number,
  firstMs: number,
  take: (type: number, process: number, payload: Cursor) => number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new Socket({ fd: socketFd, readable: true, writable: false });
    const over = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    };
    let timer = setTimeout(over, firstMs);
    const reader = new FrameReader({
      data: () => {},
      frame: ({ type, process }, payload) => {
        clearTimeout(timer);
        timer = setTimeout(over, take(type, process, new Cursor(payload)));
      },
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        reject(asError(error));
        over();
      }
    });
    socket.on('error', () => {});
    socket.on('close', over);
  });
}
