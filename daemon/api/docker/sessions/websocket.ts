import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { HttpError } from '../http/errors.ts';
import type { Takeover } from '../http/takeover.ts';

const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1024 * 1024 });

/** Answers the handshake: the bytes of the messages both ways, whose frames are binary. Null: it was no handshake, and the client has been told. */
export function acceptWebSocket({ method, url, headers, socket }: Takeover): Duplex | null {
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket')
    throw new HttpError(400, 'This path is for a WebSocket: ask for an upgrade to it, or POST to …/attach');
  const request = { method, url, headers: Object.fromEntries(headers) } as unknown as IncomingMessage;
  let accepted: WebSocket | undefined;
  server.handleUpgrade(request, socket, Buffer.alloc(0), (opened) => {
    accepted = opened;
  });
  socket.resume();
  if (accepted === undefined) return null;
  const stream = createWebSocketStream(accepted);
  // A client that breaks the protocol is gone; the stream is closed next.
  stream.on('error', () => {});
  return stream;
}
