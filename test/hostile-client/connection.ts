import { createConnection } from 'node:net';
import { encodeFrame, frameTypes } from '../../common/ttrpc/frames.ts';
import { encodeRequest } from '../../common/ttrpc/messages.ts';
import { message, methods } from '../../fuzz/messages.ts';
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

/** Frames of ttrpc: calls of any method with any message, data for streams that are not there, types and lengths that are none. */
function ttrpcFrames(random: Random): Buffer {
  const count = 1 + random.below(12);
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => {
      const method = random.pick(reading);
      const bytes = message(method.request, random);
      const isCall = random.oneIn(2);
      const timeoutNano = random.oneIn(3) ? random.below(2 ** 31) : 0;
      const request = encodeRequest({
        path: method.path,
        payload: random.oneIn(4) ? null : bytes,
        timeoutNano,
      });
      const type = isCall ? frameTypes.request : random.pick([frameTypes.data, frameTypes.response, 9]);
      const stream = random.oneIn(6) ? random.pick([0, 1, 2, 2 ** 32 - 1]) : 2 * index + 1;
      const data = random.oneIn(6) ? random.bytes(random.below(60)) : isCall ? request : bytes;
      const made = encodeFrame(stream, type, random.pick([0, 0, 1, 2, 3, 4, 5, 255]), data);
      if (random.oneIn(10)) random.bytes(4).copy(made);
      return made;
    }),
  );
}

/** Methods that change nothing: nobody waits for what becomes of these calls. */
const reading = methods.filter(({ name }) => /^(Get|List|Read|Subscribe|Wait|Stream)/.test(name));

/** What a client may send instead of a connection of HTTP/2. */
function bytesOf(random: Random): Buffer {
  switch (random.below(9)) {
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
    case 6:
    case 7:
      return ttrpcFrames(random);
    default: // a block of headers that goes on and on
      return Buffer.concat([
        preface,
        settings,
        frame(1, 0, 1, random.bytes(20)),
        ...Array.from({ length: 50 }, () => frame(9, 0, 1, random.bytes(100))),
      ]);
  }
}

/** Connects, sends bytes that are no calls of a library, perhaps in small pieces, and is gone after at most `lingerMs`. Never rejects. */
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
