// node egress-server.ts ADDRESS: a name server at port 53 whose answers have chains of names, special addresses and more. It prints each message that it gets.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { nameIn, type Record, recordsTo, types } from './messages.ts';

const [address = ''] = process.argv.slice(2);

const a = (data: string, ttl = 20): Record => ({ type: types.A, ttl, data });
const many = Array.from({ length: 200 }, (_, index) => a(`198.51.100.${index}`));

interface Zone {
  readonly records: readonly Record[];
  readonly additional?: readonly Record[];
  readonly onlyByTcp?: boolean;
  readonly rcode?: number;
}

const zones: { readonly [name: string]: Zone } = {
  'www.example.org': {
    records: [a('203.0.113.10'), a('203.0.113.10'), { type: types.AAAA, ttl: 20, data: '2001:db8::10' }],
  },
  'cdn.example.org': {
    records: [
      { type: types.CNAME, ttl: 15, data: 'edge.elsewhere.net' },
      { type: types.CNAME, ttl: 900, data: 'node.elsewhere.net' },
      a('203.0.113.11', 900),
    ],
    additional: [a('203.0.113.66')],
  },
  'long.example.org': { records: [a('203.0.113.10', 86_400)] },
  'odd.example.org': { records: [a('203.0.113.14', 0x8000_0001)] },
  'evil.example.org': {
    records: [
      ...['127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '10.9.0.7'].map((data) =>
        a(data),
      ),
      a('203.0.113.12'),
      ...['::', '::1', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1', '2001:db8::12'].map((data) => ({
        type: types.AAAA,
        ttl: 20,
        data,
      })),
    ],
  },
  'many.example.org': { records: many, onlyByTcp: true },
  'fat.example.org': { records: many },
  'none.example.org': { records: [a('203.0.113.77')], rcode: 3 },
};

function answerTo(asked: Buffer, isStream: boolean): Buffer {
  const zone = zones[nameIn(asked).toLowerCase()] ?? { records: [a('203.0.113.50')] };
  const type = asked.readUInt16BE(asked.indexOf(0, 12) + 1);
  const isCut = zone.onlyByTcp === true && !isStream;
  return recordsTo(asked, {
    records: isCut
      ? []
      : zone.records.filter((record) => record.type === type || record.type === types.CNAME),
    additional: zone.additional ?? [],
    isCut,
    rcode: zone.rcode ?? 0,
  });
}

const datagrams = createSocket('udp4', (asked, { address: host, port }) => {
  console.log(asked.toString('latin1').replace(/[^!-~]/g, '.'));
  if (!nameIn(asked).startsWith('silent.')) datagrams.send(answerTo(asked, false), port, host);
});
const streams = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    const answer = answerTo(bytes.subarray(2), true);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    socket.write(Buffer.concat([length, answer]));
  });
});
datagrams.bind(53, address, () => streams.listen(53, address, () => console.log('ready')));
