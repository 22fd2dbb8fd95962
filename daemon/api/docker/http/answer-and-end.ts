import type { Socket } from 'node:net';
import { engineVersion } from '../system/version.ts';
import { newest } from './router.ts';

/** Those of every answer. */
export const commonHeaders = {
  'Api-Version': `1.${newest}`,
  'Docker-Experimental': 'false',
  Ostype: 'linux',
  Server: `Docker/${engineVersion} (linux)`,
};

/** Answers a request that could have taken over its connection, and ends that. */
export function answerAndEnd(socket: Socket, status: number, message?: string): void {
  if (socket.destroyed) return;
  const body = message === undefined ? '' : `${JSON.stringify({ message })}\n`;
  const all = {
    ...commonHeaders,
    ...(body !== '' && { 'Content-Type': 'application/json' }),
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.resume();
  socket.end(`HTTP/1.1 ${status} ${status < 300 ? 'OK' : 'Refused'}\r\n${head.join('')}\r\n${body}`);
}
