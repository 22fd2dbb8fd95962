// node client.ts: asks 127.0.0.11. Each line of input is a request in JSON; each line of output is its result.
import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { question } from './messages.ts';

export interface ClientRequest {
  /** All from one socket. In hexadecimal digits. */
  readonly udp?: readonly string[];
  /** As a row of bytes, whose end follows. */
  readonly tcp?: string;
  /** How many answers are waited for. */
  readonly wanted?: number;
  readonly waitMs?: number;
  /** So many questions for these names, so many at a time; answers the number of answers. */
  readonly load?: { readonly names: readonly string[]; readonly count: number; readonly atOnce: number };
}

const place = [53, '127.0.0.11'] as const;

function byUdp(messages: readonly string[], wanted: number, waitMs: number): Promise<string[]> {
  const socket = createSocket('udp4');
  const answers: string[] = [];
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answers);
    };
    const timer = setTimeout(done, waitMs);
    socket.on('error', done);
    socket.on('message', (message) => {
      answers.push(message.toString('hex'));
      if (answers.length === wanted) done();
    });
    socket.connect(...place, () => {
      for (const message of messages) socket.send(Buffer.from(message, 'hex'));
    });
  });
}

function byTcp(bytes: string, waitMs: number): Promise<string[]> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const socket = createConnection({ port: place[0], host: place[1], allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(), waitMs);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve([Buffer.concat(chunks).toString('hex')]);
    });
    socket.end(Buffer.from(bytes, 'hex'));
  });
}

async function load({ names, count, atOnce }: NonNullable<ClientRequest['load']>): Promise<number> {
  let left = count;
  let answered = 0;
  const one = async (): Promise<void> => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.connect(...place, resolve));
    while (left > 0) {
      left -= 1;
      const id = left & 0xffff;
      const message = question({ id, name: names[left % names.length] ?? '' });
      const answer = new Promise<Buffer | null>((resolve) => {
        socket.once('message', resolve);
        setTimeout(resolve, 10_000, null).unref();
      });
      socket.send(message);
      const got = await answer;
      if (got?.readUInt16BE(0) === id && got.readUInt16BE(6) > 0) answered += 1;
    }
    socket.close();
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return answered;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { udp, tcp, wanted, waitMs = 30_000, load: wantedLoad }: ClientRequest = JSON.parse(line);
  if (udp) console.log(JSON.stringify(await byUdp(udp, wanted ?? udp.length, waitMs)));
  else if (tcp !== undefined) console.log(JSON.stringify(await byTcp(tcp, waitMs)));
  else if (wantedLoad) console.log(JSON.stringify(await load(wantedLoad)));
}
