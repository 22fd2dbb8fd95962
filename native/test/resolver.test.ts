// liker-resolver: what a container asks at 127.0.0.11, through sockets in its own network namespace.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Resolver } from '../../daemon/kernel/network/resolver.ts';
import { requiresProgram } from '../../test/harness/requires.ts';
import { until } from '../../test/harness/until.ts';
import { NameBox, type NamedContainer } from './names/box.ts';
import { question, readAnswer, types } from './names/messages.ts';

const network = 'a1'.repeat(32);
const other = 'b2'.repeat(32);
const NO_NAME = 3;
const SERVER_FAILURE = 2;

let box: NameBox;
let resolver: Resolver;
let web: NamedContainer;
let log: string[];

before(async () => {
  box = await NameBox.open('127.0.0.1', '127.0.0.2');
  log = [];
  for (const address of ['127.0.0.1', '127.0.0.2']) await box.server(address, log);
  resolver = box.resolver();
  web = await box.container();
  await resolver.begin();
  await resolver.setContainer(web.id, { networks: [network], upstreams: null });
  await resolver.setNames(network, web.id, {
    names: ['web.mynet', 'web', 'Alias'],
    addresses: ['10.9.0.2', 'fd00:9::2'],
  });
  await resolver.open(web.id, web.process);
});
after(() => {
  resolver[Symbol.dispose]();
  box[Symbol.dispose]();
});

async function one(name: string, type: number = types.A) {
  const [answer] = await web.ask({ name, type });
  assert.ok(answer);
  return answer;
}

test('names and addresses of a network are found, in any case, and in the case of the question', async () => {
  assert.deepEqual((await one('web')).records, ['10.9.0.2']);
  assert.deepEqual((await one('web.mynet', types.AAAA)).records, ['fd000009000000000000000000000002']);
  const answer = await one('aLIaS');
  assert.deepEqual([answer.name, answer.records, answer.rcode], ['aLIaS', ['10.9.0.2'], 0]);
  assert.deepEqual((await one('2.0.9.10.in-addr.arpa', types.PTR)).records, ['web.mynet']);
  const reversed = `2${'.0'.repeat(23)}.9.0.0.0.0.0.d.f.ip6.arpa`;
  assert.deepEqual((await one(reversed, types.PTR)).records, ['web.mynet']);
});

test('a name without an address of the wanted kind exists nevertheless', async () => {
  await resolver.setNames(network, 'c3'.repeat(32), { names: ['four'], addresses: ['10.9.0.4'] });
  for (const type of [types.AAAA, types.MX, types.HTTPS, types.TXT]) {
    const { rcode, records } = await one('four', type);
    assert.deepEqual([rcode, records], [0, []]);
  }
  assert.equal(log.filter((line) => line.includes('four')).length, 0);
});

test('A and AAAA that one socket asks for together get an answer each', async () => {
  const answers = await web.ask(
    { id: 1, name: 'web', type: types.A },
    { id: 2, name: 'web', type: types.AAAA },
  );
  assert.deepEqual(answers.map(({ id, records }) => [id, records.length]).sort(), [
    [1, 1],
    [2, 1],
  ]);
});

test('of several addresses each comes first in turn', async () => {
  const addresses = ['10.9.1.1', '10.9.1.2', '10.9.1.3'];
  for (const [index, address] of addresses.entries())
    await resolver.setNames(network, `${index}d`.repeat(32), { names: ['many'], addresses: [address] });
  const first = new Set<string>();
  for (let turn = 0; turn < 100; turn += 1) {
    const { records } = await one('many');
    assert.deepEqual([...records].sort(), addresses);
    first.add(records[0] ?? '');
  }
  assert.equal(first.size, 3);
});

test('a change is there as soon as it is told, and what has left is gone', async () => {
  const id = 'e4'.repeat(32);
  await resolver.setNames(network, id, { names: ['moved', 'older'], addresses: ['10.9.0.7'] });
  await resolver.setNames(network, id, { names: ['moved'], addresses: ['10.9.0.8'] });
  assert.deepEqual((await one('moved')).records, ['10.9.0.8']);
  // Now a name as any other, which the host's server is asked for.
  assert.deepEqual((await one('older')).records, ['127.0.0.1']);
  await resolver.setNames(network, id, null);
  await resolver.ensure();
  await resolver.setNames(network, 'f5'.repeat(32), { names: ['later'], addresses: ['10.9.0.9'] });
  assert.deepEqual((await one('moved')).records, ['127.0.0.1']);
});

test('a container sees its own networks only, the first that has a name before the others', async () => {
  using inner = new (await import('./names/box.ts')).NamedContainer();
  await inner.namespace.ready();
  await resolver.setNames(other, '0a'.repeat(32), { names: ['web', 'db'], addresses: ['10.8.0.2'] });
  await resolver.setContainer(inner.id, { networks: [other, network], upstreams: [] });
  await resolver.open(inner.id, inner.process);
  const records = async (name: string) => (await inner.ask({ name }))[0]?.records;
  assert.deepEqual(await records('web'), ['10.8.0.2']);
  assert.deepEqual(await records('four'), ['10.9.0.4']);
  await resolver.setContainer(inner.id, { networks: [network], upstreams: [] });
  assert.deepEqual(await records('web'), ['10.9.0.2']);
  // Without servers, nothing else exists.
  assert.equal((await inner.ask({ name: 'db' }))[0]?.rcode, NO_NAME);
  assert.equal((await web.ask({ name: 'db' }))[0]?.rcode, 0);
  resolver.remove(inner.id);
  // The client's question may overtake the removal.
  const lastQuestion = { udp: [question({ name: 'web' }).toString('hex')], waitMs: 300 };
  await until('no answer', async () => (await inner.request<string[]>(lastQuestion)).length === 0);
});

describe('other names', () => {
  test("are asked of the host's servers, in any number of questions from one socket", async () => {
    const asked = Array.from({ length: 100 }, (_, id) => ({ id, name: `name${id}.example` }));
    const answers = await web.ask(...asked);
    assert.deepEqual(
      answers.map(({ id }) => id).sort((a, b) => a - b),
      asked.map(({ id }) => id),
    );
    for (const { id, name, records } of answers)
      assert.deepEqual([name, records], [`name${id}.example`, ['127.0.0.1']]);
  });

  test('go with an id and a port that nobody can guess', async () => {
    log.length = 0;
    await web.ask(...Array.from({ length: 50 }, () => ({ id: 7, name: 'guess.example' })));
    const sent = log.filter((line) => line.includes('guess')).map((line) => line.split(' '));
    assert.equal(sent.length, 50);
    assert.ok(new Set(sent.map(([, , port]) => port)).size > 40);
    assert.ok(new Set(sent.map(([, , , id]) => id)).size > 40);
  });

  test('that do not exist do not, and a failure is one', async () => {
    assert.equal((await one('none.example')).rcode, NO_NAME);
    assert.equal((await one('fail.example')).rcode, SERVER_FAILURE);
  });

  test('are asked of the next server if one is silent or fails', async () => {
    assert.deepEqual((await one('flaky.example')).records, ['127.0.0.2']);
    assert.deepEqual((await one('half.example')).records, ['127.0.0.2']);
  });

  test('get a failure before the asker gives up if all are silent', async () => {
    const start = Date.now();
    assert.equal((await one('silent.example')).rcode, SERVER_FAILURE);
    assert.ok(Date.now() - start > 3000);
    assert.ok(log.filter((line) => line.includes('silent')).length >= 4);
  });

  test('get no answer of another question or with another id', async () => {
    for (let turn = 0; turn < 20; turn += 1)
      assert.match((await one('liar.example')).records.join(), /^127\.0\.0\.[12]$/);
  });

  test('have the case of the question, even if the server changes it', async () => {
    const { name, records } = await one('Lower.Example');
    assert.deepEqual([name, records.length], ['Lower.Example', 1]);
  });

  test('with answers that do not fit are cut off by UDP, and whole by TCP', async () => {
    const [answer] = await web.ask({ name: 'big.example' });
    assert.deepEqual([answer?.truncated, answer?.records], [true, []]);
    const [whole] = await web.askByTcp({ name: 'big.example' });
    assert.deepEqual([whole?.truncated, whole?.records.length], [false, 200]);
    // The server does not keep to what the asker can take.
    const [fat] = await web.ask({ name: 'fat.example' });
    assert.deepEqual([fat?.truncated, fat?.records, (fat?.bytes ?? 513) <= 512], [true, [], true]);
    const [taken] = await web.ask({ name: 'fat.example', edns: 4096 });
    assert.deepEqual([taken?.truncated, taken?.records.length], [false, 200]);
  });

  test('are asked of other servers as soon as the host has others', async () => {
    box.setServers(['127.0.0.2']);
    try {
      const { until } = await import('../../test/harness/until.ts');
      await until('the other server', async () => (await one('changed.example')).records[0] === '127.0.0.2');
    } finally {
      box.setServers(['127.0.0.1', '127.0.0.2']);
    }
  });

  test('are asked of servers of its own that a container has', async () => {
    await resolver.setContainer(web.id, { networks: [network], upstreams: ['127.0.0.2'] });
    assert.deepEqual((await one('own.example')).records, ['127.0.0.2']);
    await resolver.setContainer(web.id, { networks: [network], upstreams: ['127.0.0.3'] });
    // Nobody is there, and the system says so.
    assert.equal((await one('own.example')).rcode, SERVER_FAILURE);
    await resolver.setContainer(web.id, { networks: [network], upstreams: null });
  });
});

describe('by TCP', () => {
  test('several questions in a row get their answers after the end of the questions', async () => {
    const names = ['web', 'other.example', 'alias', 'silent.example', 'none.example'];
    const answers = await web.askByTcp(...names.map((name, id) => ({ id, name })));
    assert.deepEqual(answers.map(({ id }) => id).sort(), [0, 1, 2, 3, 4]);
  });

  test('a hundred questions in a row are all answered', async () => {
    const answers = await web.askByTcp(
      ...Array.from({ length: 100 }, (_, id) => ({ id, name: id % 2 ? 'web' : 'other.example' })),
    );
    assert.equal(new Set(answers.map(({ id }) => id)).size, 100);
  });

  test('names with many addresses are whole, and cut off by UDP as the asker can take', async () => {
    for (let member = 0; member < 100; member += 1)
      await resolver.setNames(network, member.toString(16).padStart(64, '9'), {
        names: ['crowd'],
        addresses: [`10.9.7.${member}`],
      });
    const [plain] = await web.ask({ name: 'crowd' });
    assert.deepEqual([plain?.truncated, plain?.records], [true, []]);
    const [large] = await web.ask({ name: 'crowd', edns: 4096 });
    assert.deepEqual([large?.truncated, large?.records.length], [false, 100]);
    const [whole] = await web.askByTcp({ name: 'crowd' });
    assert.deepEqual([whole?.truncated, whole?.records.length], [false, 100]);
  });

  test('a connection that says nothing is closed, and others beside it are served', async () => {
    const silent = web.request<string[]>({ tcp: '0050', waitMs: 60_000 });
    assert.deepEqual(await silent, ['']);
    assert.equal((await web.askByTcp({ name: 'web' })).length, 1);
  });
});

test('what is no question gets an error or nothing, and the next question its answer', async () => {
  const good = question({ name: 'web' });
  const malformed = [
    // Cut off in the name; without its type; with a pointer in the question; two questions; a record that is not there.
    good.subarray(0, 14),
    good.subarray(0, good.length - 3),
    Buffer.concat([good.subarray(0, 12), Buffer.from('c00c00010001', 'hex')]),
    Buffer.concat([Buffer.from('123401000002000000000000', 'hex'), good.subarray(12), good.subarray(12)]),
    Buffer.concat([Buffer.from('123401000001000000000001', 'hex'), good.subarray(12)]),
  ];
  for (const message of malformed) {
    const [answer = ''] = await web.request<string[]>({ udp: [message.toString('hex')] });
    assert.equal(answer.slice(0, 4), '1234');
    assert.equal(answer.slice(7, 8), '1');
  }
  const unanswered = [
    '',
    '12',
    '123481',
    Buffer.concat([good.subarray(0, 2), Buffer.from([0x81]), good.subarray(3)]).toString('hex'),
  ];
  for (const message of unanswered) assert.deepEqual(await web.request({ udp: [message], waitMs: 100 }), []);
  const [status] = await web.request<string[]>({
    udp: [`123410000001000000000000${good.subarray(12).toString('hex')}`],
  });
  assert.equal(status?.slice(7, 8), '4');
  assert.deepEqual((await one('web')).records, ['10.9.0.2']);
});

test('another version of EDNS is refused', async () => {
  const message = question({ name: 'web', edns: 1232, ednsVersion: 1 });
  const [answer = ''] = await web.request<string[]>({ udp: [message.toString('hex')] });
  // No record but that of EDNS, with the upper bits of "bad version".
  assert.equal(answer.slice(12, 24), '000000000001');
  assert.ok(answer.endsWith('00 0029 1000 01 00 0000 0000'.replaceAll(' ', '')), answer);
});

test(
  'a name server inside can have port 53 of all addresses, and is asked at its own',
  requiresProgram('dnsmasq', 'dig'),
  async () => {
    const script = `dnsmasq --keep-in-foreground --user=root --pid-file= --conf-file=/dev/null --no-resolv --no-hosts --address=/inside.example/203.0.113.9 &
    server=$!
    for turn in $(seq 100); do dig +short +tries=1 +timeout=1 @127.0.0.1 inside.example | grep 203 && break; sleep 0.1; done
    dig +short +tcp @127.0.0.1 inside.example; kill $server`;
    assert.deepEqual(await web.sh(script), ['203.0.113.9', '203.0.113.9']);
    const [answer] = await web.ask({ name: 'web' });
    assert.deepEqual(answer?.records, ['10.9.0.2']);
  },
);

test('a message whose sum the program itself has made arrives', requiresProgram('python3'), async () => {
  const message = question({ name: 'web' }).toString('hex');
  const script = `import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.connect(('127.0.0.11',53)); s.settimeout(20)
b=bytes.fromhex('${message}'); s.send(b[:9],socket.MSG_MORE); s.send(b[9:]); print(s.recv(600).hex())`;
  const [answer = ''] = await web.sh(`python3 -c "${script}"`);
  assert.deepEqual(readAnswer(Buffer.from(answer, 'hex')).records, ['10.9.0.2']);
});

test('10,000 questions are all answered', async () => {
  const answered = await web.request<number>({
    load: { names: ['web', 'alias', 'web.mynet', 'far.example'], count: 10_000, atOnce: 50 },
  });
  assert.equal(answered, 10_000);
});

test('dig understands the answers', requiresProgram('dig'), async () => {
  assert.deepEqual(await web.dig('+short', 'web'), ['10.9.0.2']);
  assert.deepEqual(await web.dig('+short', '+tcp', 'web', 'AAAA'), ['fd00:9::2']);
  assert.deepEqual(await web.dig('+short', '-x', 'fd00:9::2'), ['web.mynet.']);
  // Whose the answer is: some servers answer with the root.
  assert.match(
    (await web.dig('+noall', '+answer', '-x', '10.9.0.2')).join('\n'),
    /^2\.0\.9\.10\.in-addr\.arpa\.\s+\d+\s+IN\s+PTR\s+web\.mynet\.$/m,
  );
  assert.deepEqual(
    (await web.dig('+short', 'big.example')).filter((line) => line.startsWith('192.')).length,
    200,
  );
  const [, status = ''] = /status: (\w+)/.exec((await web.dig('web', 'MX')).join('\n')) ?? [];
  assert.equal(status, 'NOERROR');
});

test('dnsmasq as the server of the host is understood', requiresProgram('dig', 'dnsmasq'), async () => {
  const long = ['long.example', ...Array.from({ length: 8 }, () => 'x'.repeat(250))].join();
  const options = [
    ...['--keep-in-foreground', '--user=root', '--pid-file=', '--conf-file=/dev/null', '--log-facility=-'],
    ...['--no-resolv', '--no-hosts', '--bind-interfaces', '--listen-address=127.0.0.53'],
    ...['--address=/foreign.example/203.0.113.5', `--txt-record=${long}`],
  ];
  await box.start(['sh', '-c', `exec dnsmasq ${options.join(' ')} 2>&1`]);
  await resolver.setContainer(web.id, { networks: [network], upstreams: ['127.0.0.53'] });
  assert.deepEqual(await web.dig('+short', 'foreign.example'), ['203.0.113.5']);
  assert.deepEqual(await web.dig('+short', 'foreign.example', 'AAAA'), ['']);
  assert.ok((await web.dig('+short', '+bufsize=512', 'long.example', 'TXT')).join('').length > 2000);
  await resolver.setContainer(web.id, { networks: [network], upstreams: null });
});

test('the program has no rights, opens no file, and is small', async () => {
  const [pid = 0] = box.pids();
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  assert.equal(BigInt(`0x${field('CapPrm')}`) | BigInt(`0x${field('CapEff')}`), 0n);
  assert.equal(field('NoNewPrivs'), '1');
  assert.notEqual(field('Uid').split('\t')[0], '0');
  if (!process.env['LIKER_RESOLVER']) {
    assert.equal(field('Seccomp'), '2');
    assert.ok(Number.parseInt(field('VmRSS'), 10) < 8 * 1024, field('VmRSS'));
  }
});

test('it is still the program that was started first', () => assert.deepEqual(box.warnings, []));
