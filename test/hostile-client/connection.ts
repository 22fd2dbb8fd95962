import { createConnection } from 'node:net';
import type { Random } from '../../fuzz/random.ts';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A frame of HTTP/2 (RFC 9113, section 4.1), whose length may be a lie. */
function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer,
  length = payload.length,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length & 0xffffff, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

const settings = frame(4, 0, 0, Buffer.alloc(0));

/** Frames of any type, on any stream, some with a wrong length. */
function frames(random: Random): Buffer {
  const count = 1 + random.below(8);
  return Buffer.concat(
    Array.from({ length: count }, () => {
      const payload = random.bytes(random.below(40));
      const length = random.oneIn(5) ? random.below(2 ** 24) : payload.length;
      return frame(
        random.below(12),
        random.below(256),
        random.pick([0, 1, 2, 3, 2 ** 31 - 1]),
        payload,
        length,
      );
    }),
  );
}

/** What a client may send instead of a connection of HTTP/2. */
function bytesOf(random: Random): Buffer {
  switch (random.below(7)) {
    case 0:
      return random.bytes(1 + random.below(2000));
    case 1:
      return Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n');
    case 2:
      return preface.subarray(0, random.below(preface.length));
    case 3:
      return Buffer.concat([preface, random.bytes(random.below(200))]);
    case 4:
      return Buffer.concat([preface, settings, frames(random)]);
    case 5: // many streams that are opened and reset
      return Buffer.concat([
        preface,
        settings,
        ...Array.from({ length: 100 }, (_, index) => frame(3, 0, 2 * index + 1, Buffer.alloc(4))),
      ]);
    default: // a block of headers that goes on and on
      return Buffer.concat([
        preface,
        settings,
        frame(1, 0, 1, random.bytes(20)),
        ...Array.from({ length: 50 }, () => frame(9, 0, 1, random.bytes(100))),
      ]);
  }
}

/** Connects, sends bytes that are no gRPC, perhaps in small pieces, and is gone after at most `lingerMs`. Never rejects. */
export function misbehave(socketPath: string, random: Random, lingerMs: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const timer = setTimeout(() => socket.destroy(), random.below(lingerMs));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    if (!random.oneIn(4)) socket.resume();
    const bytes = bytesOf(random);
    const step = random.oneIn(3) ? 1 + random.below(20) : bytes.length;
    for (let at = 0; at < bytes.length; at += step) socket.write(bytes.subarray(at, at + step));
    const ending = random.below(3);
    if (ending === 0) socket.end();
    if (ending === 1) socket.destroy();
  });
}
