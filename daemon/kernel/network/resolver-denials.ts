// What liker-resolver tells of what containers are denied (native/src/resolver/control.h).
import { createConnection } from 'node:net';
import { addressText } from './address.ts';
import { request } from './resolver-messages.ts';

export interface Denial {
  readonly container: string;
  /** A name that was asked for, or a packet that was sent. */
  readonly kind: 'name' | 'packet';
  /** Of a packet: IANA's number, and 0 for a protocol without ports. */
  readonly protocol: number;
  readonly port: number;
  /** Of a packet; empty for a name. With neither address nor name it stands for many different ones. */
  readonly address: string;
  readonly name: string;
  readonly count: number;
}

const lengthBytes = 4;

/** Calls the listener until `end` resolves or the program ends. Rejects if it does not listen. */
export async function watchDenials(
  path: string,
  end: Promise<void>,
  listener: (denial: Denial) => void,
): Promise<void> {
  const socket = createConnection(path, () => socket.write(request('W')));
  void end.then(() => socket.destroy());
  socket.unref();
  let received = Buffer.alloc(0);
  let isAnswered = false;
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    if (!isAnswered) received = received.subarray(1);
    isAnswered = true;
    for (let size = sizeOf(received); received.length >= size; size = sizeOf(received)) {
      listener(readDenial(received.subarray(lengthBytes, size)));
      received = received.subarray(size);
    }
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('close', resolve);
    socket.once('error', reject);
  });
}

/** Of the first frame, with its length; infinite until that is there. */
function sizeOf(received: Buffer): number {
  return received.length < lengthBytes ? Number.POSITIVE_INFINITY : lengthBytes + received.readUInt32LE(0);
}

const idBytes = 64;
const addressSizes: Readonly<Record<number, number>> = { 0: 0, 4: 4, 6: 16 };

function readDenial(frame: Buffer): Denial {
  let at = 1 + idBytes;
  const container = frame.toString('latin1', 1, at);
  const kind = frame.readUInt8(at) === 0 ? 'name' : 'packet';
  const protocol = frame.readUInt8(at + 1);
  const port = frame.readUInt16LE(at + 2);
  const size = addressSizes[frame.readUInt8(at + 4)] ?? 0;
  at += 5;
  const address = size === 0 ? '' : addressText(frame.subarray(at, at + size));
  at += size;
  const end = at + 1 + frame.readUInt8(at);
  const name = frame.toString('latin1', at + 1, end);
  return { container, kind, protocol, port, address, name, count: frame.readUInt32LE(end) };
}
