// node name-server.ts ADDRESS: a name server at port 53 that does what the first part of a name says. It prints a line for each message.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { answerTo, nameIn } from './messages.ts';

const [address = ''] = process.argv.slice(2);
const many = Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`);

/** What is sent by UDP. */
function answers(asked: Buffer): Buffer[] {
  const name = nameIn(asked).toLowerCase();
  const good = answerTo(asked, [address]);
  const other = Buffer.from(asked);
  // Another letter in the name that was asked for.
  other[14] = (other[14] ?? 0) ^ 1;
  switch (name.split('.')[0]) {
    case 'silent':
      return [];
    case 'half':
      return address.endsWith('1') ? [] : [good];
    case 'fail':
      return [answerTo(asked, [], { rcode: 2 })];
    case 'flaky':
      return [address.endsWith('1') ? answerTo(asked, [], { rcode: 2 }) : good];
    case 'none':
      return [answerTo(asked, [], { rcode: 3 })];
    case 'big':
      return [answerTo(asked, many, { truncated: true })];
    case 'liar':
      return [
        answerTo(asked, ['203.0.113.1'], { id: asked.readUInt16BE(0) ^ 1 }),
        answerTo(other, ['203.0.113.2']),
        Buffer.from('no message at all'),
        asked,
        good,
      ];
    case 'lower':
      return [
        Buffer.concat([
          good.subarray(0, 12),
          Buffer.from(good.toString('latin1', 12).toLowerCase(), 'latin1'),
        ]),
      ];
    case 'fat':
      return [answerTo(asked, many)];
    default:
      return [good];
  }
}

const datagrams = createSocket('udp4', (asked, { address: host, port }) => {
  console.log(`udp ${nameIn(asked)} ${port} ${asked.readUInt16BE(0)}`);
  for (const answer of answers(asked)) datagrams.send(answer, port, host);
});
const streams = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    const asked = bytes.subarray(2);
    console.log(`tcp ${nameIn(asked)}`);
    const answer = answerTo(asked, many);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    // In pieces.
    socket.write(length.subarray(0, 1));
    setImmediate(() => socket.write(Buffer.concat([length.subarray(1), answer])));
  });
});
datagrams.bind(53, address, () => streams.listen(53, address, () => console.log('ready')));
