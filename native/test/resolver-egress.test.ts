// liker-resolver and its guard: what a container with a policy may ask for, and what it can reach then.
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import type { Denial, NameRule, Resolver } from '../../daemon/kernel/network/resolver.ts';
import { until } from '../../test/harness/until.ts';
import type { NamedContainer } from './names/box.ts';
import { type Answer, question, types } from './names/messages.ts';
import { PolicedBox, type PolicedContainer, rule, table, tcp } from './names/policed-box.ts';

const network = 'a1'.repeat(32);
const neighbour = 'c3'.repeat(32);
const SERVER_FAILURE = 2;
const NO_NAME = 3;

async function tell(resolver: Resolver, { container }: PolicedContainer): Promise<void> {
  await resolver.setContainer(container.id, { networks: [network], upstreams: null });
  await resolver.open(container.id, container.process);
}

async function one(container: NamedContainer, name: string, type: number = types.A): Promise<Answer> {
  const [answer] = await container.ask({ name, type });
  assert.ok(answer);
  return answer;
}

const addresses = async (container: NamedContainer, name: string): Promise<readonly string[]> =>
  (await one(container, name)).records;

describe('a container with a policy', () => {
  let box: PolicedBox;
  let resolver: Resolver;
  let web: PolicedContainer;
  let free: PolicedContainer;

  before(async () => {
    box = await PolicedBox.open();
    resolver = box.resolver();
    await resolver.begin();
    web = await box.container();
    free = await box.container();
    await resolver.setNames(network, neighbour, {
      names: ['db.mynet', 'db'],
      addresses: ['10.9.0.7', 'fd00::7'],
    });
    await resolver.setNames(network, 'd4'.repeat(32), { names: ['other'], addresses: ['10.9.0.8'] });
    await resolver.setPolicy(web.container.id, web.policy());
    await tell(resolver, web);
    await tell(resolver, free);
  });
  after(() => {
    resolver[Symbol.dispose]();
    box[Symbol.dispose]();
  });
  beforeEach(async () => {
    await resolver.setPolicy(web.container.id, web.policy());
    box.asked.length = 0;
  });

  const allow = async (...rules: readonly NameRule[]): Promise<void> =>
    await resolver.setPolicy(web.container.id, web.policy(...rules));

  test('is told that other names do not exist, and nobody is asked for them', async () => {
    for (const rules of [[] as NameRule[], [rule('www.example.org'), rule('*.example.net')]]) {
      await allow(...rules);
      for (const name of [
        'example.org',
        'xwww.example.org',
        'a.www.example.org',
        'example.net',
        'xexample.net',
        'org',
        'other',
      ])
        for (const type of [types.A, types.AAAA, types.TXT, types.PTR, types.ANY]) {
          const { rcode, records } = await one(web.container, name, type);
          assert.deepEqual([name, rcode, records], [name, NO_NAME, []]);
        }
    }
    // What has unusual bytes, another class, or is the root.
    const unusual = question({ name: 'www.ex mple.org' });
    const chaos = question({ name: 'www.example.org' });
    chaos[chaos.length - 1] = 3;
    for (const message of [unusual, chaos, question({ name: '' })]) {
      const [answer = ''] = await web.container.request<string[]>({ udp: [message.toString('hex')] });
      assert.equal(answer.slice(7, 8), '3');
    }
    assert.deepEqual(box.asked, []);
    assert.deepEqual(await addresses(free.container, 'example.org'), ['203.0.113.50']);
  });

  test('reaches the address of an allowed name as soon as it has the answer, and nothing else', async () => {
    await allow(rule('WWW.Example.ORG.'));
    assert.equal(await web.reach('203.0.113.10'), '');
    assert.deepEqual(await addresses(web.container, 'wWw.example.org'), ['203.0.113.10']);
    assert.equal(await web.reach('203.0.113.10'), 'port 443');
    assert.equal(await web.reach('203.0.113.10', 80), 'port 80');
    assert.equal(await web.reach('203.0.113.11'), '');
    assert.equal(await web.reach('2001:db8::10'), '');
    assert.equal((await one(web.container, 'www.example.org', types.AAAA)).records.length, 1);
    assert.equal(await web.reach('2001:db8::10'), 'port 443');
    // Of another container this says nothing.
    assert.equal(await free.reach('203.0.113.10'), '');
  });

  test('reaches allowed ports only, of all rules that allow the name', async () => {
    await allow(
      rule('www.example.org', tcp(443)),
      rule('*.example.org', tcp(8000, 8002), { protocol: 'any', first: 53, last: 53 }),
    );
    await addresses(web.container, 'www.example.org');
    assert.equal(await web.reach('203.0.113.10'), 'port 443');
    assert.equal(await web.reach('203.0.113.10', 80), '');
    const ports = ['tcp 443', 'tcp 53', 'tcp 8000', 'tcp 8001', 'tcp 8002', 'udp 53'].map(
      (port) => `203.0.113.10 ${port}`,
    );
    assert.deepEqual(await box.keys('grantedPorts4'), ports);
    assert.deepEqual(await box.keys('granted4'), []);
    await one(web.container, 'www.example.org', types.AAAA);
    assert.equal(await web.reach('2001:db8::10'), 'port 443');
    assert.equal(await web.reach('2001:db8::10', 80), '');
  });

  test('with a wildcard reaches any name below, at any depth', async () => {
    await allow(rule('*.example.org'));
    for (const name of ['www.example.org', 'a.b.c.example.org'])
      assert.equal((await one(web.container, name)).rcode, 0);
    for (const name of ['example.org', 'badexample.org'])
      assert.equal((await one(web.container, name)).rcode, NO_NAME);
  });

  test('gets addresses of allowed names and nothing else, and only the question goes on', async () => {
    await allow(rule('www.example.org'));
    for (const type of [types.TXT, types.MX, types.HTTPS, types.ANY, types.CNAME]) {
      const { rcode, records } = await one(web.container, 'www.example.org', type);
      assert.deepEqual([rcode, records], [0, []]);
    }
    assert.deepEqual(box.asked, []);
    const [answer] = await web.container.ask({
      name: 'www.example.org',
      edns: 1232,
      option: 'secret-of-the-container',
    });
    assert.deepEqual(answer?.records, ['203.0.113.10']);
    await until('the question', () => box.asked.length === 1);
    assert.match(box.asked.join(), /www\.example\.org/);
    assert.doesNotMatch(box.asked.join(), /secret/);
  });

  test('reaches the address at the end of a chain of names, for as long as its shortest link says', async () => {
    await allow(rule('cdn.example.org'));
    const answer = await one(web.container, 'cdn.example.org');
    assert.deepEqual([answer.records, answer.ttl], [['203.0.113.11'], 15]);
    const [element, ...others] = await box.elements('granted4');
    assert.deepEqual(
      [element?.key, element?.interface, element?.timeout, others],
      ['203.0.113.11', web.link, 75, []],
    );
    assert.equal(await web.reach('203.0.113.66'), '');
  });

  test('gets no address of its own machine, of the link, of many, or of another container, by a name of others', async () => {
    await allow(rule('evil.example.org'));
    assert.deepEqual(await addresses(web.container, 'evil.example.org'), ['203.0.113.12']);
    assert.deepEqual((await one(web.container, 'evil.example.org', types.AAAA)).records, [
      '20010db8000000000000000000000012',
    ]);
    assert.deepEqual(await box.keys('granted4'), ['203.0.113.12']);
    assert.deepEqual(await box.keys('granted6'), ['2001:db8::12']);
  });

  test('keeps an address for a minute longer than the name, and not less than another name of it says', async () => {
    const times = async () =>
      (await box.elements('granted4')).map(({ timeout, expires }) => [timeout, expires > timeout - 30]);
    await allow(rule('*.example.org'));
    assert.equal((await one(web.container, 'www.example.org')).ttl, 20);
    assert.deepEqual(await times(), [[80, true]]);
    // A day becomes five minutes; what has the highest bit is nothing.
    assert.equal((await one(web.container, 'long.example.org')).ttl, 300);
    assert.deepEqual(await times(), [[360, true]]);
    await one(web.container, 'www.example.org');
    const [element] = await box.elements('granted4');
    assert.ok((element?.expires ?? 0) > 300, 'the other name would have shortened it');
    assert.equal((await one(web.container, 'odd.example.org')).ttl, 0);
    assert.equal((await box.elements('granted4')).find(({ key }) => key === '203.0.113.14')?.timeout, 61);
  });

  test('asks by TCP for what is cut off, and gets 64 addresses of very many', async () => {
    await allow(rule('many.example.org'), rule('fat.example.org'));
    const [cut] = await web.container.ask({ name: 'many.example.org', edns: 4096 });
    assert.deepEqual([cut?.truncated, cut?.records], [true, []]);
    // Too many for the asker.
    const [plain] = await web.container.ask({ name: 'fat.example.org' });
    assert.deepEqual([plain?.truncated, plain?.records], [true, []]);
    assert.deepEqual(await box.keys('granted4'), []);
    const [whole] = await web.container.askByTcp({ name: 'many.example.org' });
    assert.equal(whole?.records.length, 64);
    assert.deepEqual(await box.keys('granted4'), [...(whole?.records ?? [])].sort());
    const [large] = await web.container.ask({ name: 'fat.example.org', edns: 4096 });
    assert.equal(large?.records.length, 64);
  });

  test('of a name that does not exist reaches nothing that the answer has', async () => {
    await allow(rule('none.example.org'));
    const { rcode, records } = await one(web.container, 'none.example.org');
    assert.deepEqual([rcode, records], [NO_NAME, []]);
    assert.deepEqual(await box.keys('granted4'), []);
  });

  test('finds and reaches those of its network that are allowed', async () => {
    await allow(rule('db', tcp(5432)));
    assert.deepEqual(await addresses(web.container, 'db'), ['10.9.0.7']);
    assert.deepEqual((await one(web.container, 'db', types.AAAA)).records, [
      'fd000000000000000000000000000007',
    ]);
    assert.deepEqual(await box.keys('grantedPorts4'), ['10.9.0.7 tcp 5432']);
    assert.equal((await one(web.container, 'other')).rcode, NO_NAME);
    assert.deepEqual((await one(web.container, '7.0.9.10.in-addr.arpa', types.PTR)).records, ['db.mynet']);
    assert.equal((await one(web.container, '1.113.0.203.in-addr.arpa', types.PTR)).rcode, NO_NAME);
    await allow();
    assert.equal((await one(web.container, '7.0.9.10.in-addr.arpa', types.PTR)).rcode, NO_NAME);
    assert.deepEqual(box.asked, []);
  });

  test('loses what another policy does not allow, at once, and keeps the rest', async () => {
    await allow(
      rule('www.example.org'),
      rule('long.example.org'),
      rule('cdn.example.org', tcp(443)),
      rule('evil.example.org'),
    );
    for (const name of ['www.example.org', 'long.example.org', 'cdn.example.org', 'evil.example.org'])
      await addresses(web.container, name);
    // Two names have one address.
    await allow(rule('www.example.org'), rule('cdn.example.org', tcp(80)));
    assert.deepEqual(await box.keys('granted4'), ['203.0.113.10']);
    assert.deepEqual(await box.keys('grantedPorts4'), ['203.0.113.11 tcp 80']);
    assert.equal(await web.reach('203.0.113.10'), 'port 443');
    assert.equal((await one(web.container, 'long.example.org')).rcode, NO_NAME);
    await allow();
    assert.deepEqual([await box.keys('granted4'), await box.keys('grantedPorts4')], [[], []]);
    assert.equal(await web.reach('203.0.113.10'), '');
    await resolver.setPolicy(web.container.id, null);
    assert.deepEqual(await addresses(web.container, 'long.example.org'), ['203.0.113.10']);
    assert.deepEqual(await box.keys('granted4'), []);
  });

  test('keeps its connections while the policy gets and loses other rules', async () => {
    const kept = rule('www.example.org', tcp(7));
    await allow(kept);
    await addresses(web.container, 'www.example.org');
    const script = `exec 3<>/dev/tcp/203.0.113.10/7; for turn in $(seq 10000); do echo x >&3; read -t 20 -u 3 line || exit; done; echo kept`;
    let isOver = false;
    const result = web.container.sh(`bash -c '${script}' 2>&1`).finally(() => {
      isOver = true;
    });
    let changes = 0;
    for (; !isOver; changes += 1) {
      await resolver.setPolicy(web.container.id, {
        interfaces: [web.link, 'vh99'],
        rules: [kept, rule('*.example.org', tcp(80))],
      });
      await addresses(web.container, 'cdn.example.org');
      await allow(rule('*.example.org'));
      await allow(kept);
    }
    assert.deepEqual(await result, ['kept']);
    assert.ok(changes > 0);
  });

  test('has everything again in a table that was made anew', async () => {
    await allow(rule('*.example.org'), rule('cdn.example.org'));
    for (const name of ['www.example.org', 'cdn.example.org']) await addresses(web.container, name);
    await one(web.container, 'www.example.org', types.AAAA);
    const before = [await box.keys('granted4'), await box.keys('granted6')];
    await box.makeTable();
    assert.equal(await web.reach('203.0.113.10'), '');
    await resolver.tableMade();
    assert.deepEqual([await box.keys('granted4'), await box.keys('granted6')], before);
    assert.equal(await web.reach('203.0.113.10'), 'port 443');
  });

  test('gets a failure instead of an address that it could not reach, until it can', async () => {
    await allow(rule('*.example.org'));
    await box.names.sh(`nft delete table inet ${table}`);
    assert.equal((await one(web.container, 'www.example.org')).rcode, SERVER_FAILURE);
    await box.makeTable(2);
    await resolver.tableMade();
    assert.deepEqual(await addresses(web.container, 'www.example.org'), ['203.0.113.10']);
    assert.deepEqual(await addresses(web.container, 'cdn.example.org'), ['203.0.113.11']);
    // The set is full, but not for what is in it.
    assert.equal((await one(web.container, 'other.example.org')).rcode, SERVER_FAILURE);
    assert.deepEqual(await addresses(web.container, 'long.example.org'), ['203.0.113.10']);
    await box.makeTable();
    await resolver.tableMade();
    assert.deepEqual(await addresses(web.container, 'other.example.org'), ['203.0.113.50']);
    assert.equal(await web.reach('203.0.113.50'), 'port 443');
  });

  test('gets its answers when many ask at once', async () => {
    await allow(rule('*.example.org'));
    const names = Array.from({ length: 500 }, (_, index) => `name${index}.example.org`).concat('db');
    await allow(rule('*.example.org'), rule('db'));
    assert.equal(await web.container.request<number>({ load: { names, count: 5_000, atOnce: 50 } }), 5_000);
  });

  test('is reported with the names and the packets that it was denied', async () => {
    await allow(rule('www.example.org', tcp(443)));
    const denied = new Map<string, number>();
    resolver.onDenied(({ container, kind, name, protocol, address, port, count }) => {
      if (container !== web.container.id) return;
      const key = kind === 'name' ? name : `${protocol} ${address} ${port}`;
      denied.set(key, (denied.get(key) ?? 0) + count);
    });
    for (let turn = 0; turn < 3; turn += 1)
      await one(web.container, 'Example.net', turn === 0 ? types.AAAA : types.A);
    await addresses(web.container, 'www.example.org');
    for (const port of [443, 80]) await web.reach('203.0.113.10', port);
    await web.reach('2001:db8::9', 22);
    await web.container.sh(
      'echo x | socat - UDP4-SENDTO:203.0.113.9:53; busybox ping -c 1 -W 1 203.0.113.8 || true',
    );
    const expected = {
      'example.net': 3,
      '6 203.0.113.10 80': 1,
      '6 2001:db8::9 22': 1,
      '17 203.0.113.9 53': 1,
      '1 203.0.113.8 0': 1,
    };
    await until('all of them', () =>
      Object.entries(expected).every(([key, count]) => denied.get(key) === count),
    );
    assert.deepEqual(Object.fromEntries(denied), expected);
    resolver.onDenied(() => {});
  });

  test('that has ended leaves nothing in the table', async () => {
    const brief = await box.container();
    await resolver.setPolicy(brief.container.id, brief.policy(rule('*.example.org')));
    await tell(resolver, brief);
    await addresses(brief.container, 'www.example.org');
    const ofIt = async () =>
      (await box.elements('granted4')).filter((element) => element.interface === brief.link);
    assert.equal((await ofIt()).length, 1);
    brief.container.namespace.process.kill('SIGKILL');
    await until('an empty set', async () => (await ofIt()).length === 0);
  });

  test('has a guard that can do nothing else', () => {
    const [pid = 0] = box.names.guards();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    const netAdmin = 1n << 12n;
    assert.deepEqual([BigInt(`0x${field('CapPrm')}`), BigInt(`0x${field('CapEff')}`)], [netAdmin, netAdmin]);
    assert.equal(BigInt(`0x${field('CapInh')}`) | BigInt(`0x${field('CapAmb')}`), 0n);
    assert.equal(field('NoNewPrivs'), '1');
    assert.notEqual(field('Uid').split('\t')[0], '0');
    if (!process.env['LIKER_RESOLVER']) {
      assert.equal(field('Seccomp'), '2');
      assert.ok(Number.parseInt(field('VmRSS'), 10) < 4 * 1024, field('VmRSS'));
    }
  });

  test('was served by the program that was started first', () => assert.deepEqual(box.names.warnings, []));
});

interface Started {
  readonly box: PolicedBox;
  readonly resolver: Resolver;
  readonly web: PolicedContainer;
  readonly free: PolicedContainer;
}

async function tellAll(resolver: Resolver, { web, free }: Pick<Started, 'web' | 'free'>): Promise<void> {
  await resolver.setPolicy(web.container.id, web.policy(rule('*.example.org')));
  for (const { container } of [web, free])
    await resolver.setContainer(container.id, { networks: [network], upstreams: null });
}

/** A likerd with a container that has a policy, and one that has none. */
async function start(t: TestContext): Promise<Started> {
  const box = await PolicedBox.open();
  t.after(() => box[Symbol.dispose]());
  const [web, free] = [await box.container(), await box.container()];
  const resolver = box.resolver();
  t.after(() => resolver[Symbol.dispose]());
  await tellAll(resolver, { web, free });
  await resolver.begin();
  assert.deepEqual(await addresses(web.container, 'www.example.org'), ['203.0.113.10']);
  return { box, resolver, web, free };
}

async function assertPoliced({ web, free }: Started): Promise<void> {
  assert.equal((await one(web.container, 'example.net')).rcode, NO_NAME);
  assert.deepEqual(await addresses(free.container, 'example.net'), ['203.0.113.50']);
}

/** Asks for a name that is not allowed until the end, without waiting for answers, and says how many were not "does not exist". */
function tryOut({ container }: PolicedContainer): { end: () => Promise<number> } {
  let ended = false;
  const ask = async (): Promise<number> => {
    let wrong = 0;
    const asked = question({ name: 'example.net' }).toString('hex');
    while (!ended) {
      const [answer] = await container.request<string[]>({ udp: [asked], waitMs: 50 });
      if (answer !== undefined && answer.slice(7, 8) !== String(NO_NAME)) wrong += 1;
    }
    return wrong;
  };
  const wrong = ask();
  return {
    end: () => {
      ended = true;
      return wrong;
    },
  };
}

test('a policy goes on while likerd is away, and the next likerd finds it', async (t) => {
  const started = await start(t);
  const { box, resolver, web } = started;
  resolver[Symbol.dispose]();
  await assertPoliced(started);
  assert.deepEqual(await addresses(web.container, 'cdn.example.org'), ['203.0.113.11']);
  assert.equal(await web.reach('203.0.113.11'), 'port 443');
  const denied = tryOut(web);
  const next = box.resolver();
  t.after(() => next[Symbol.dispose]());
  await tellAll(next, started);
  await next.begin();
  assert.equal(await denied.end(), 0);
  await assertPoliced(started);
  assert.equal(await web.reach('203.0.113.10'), 'port 443');
  // A likerd in which the container has none any more.
  next[Symbol.dispose]();
  const last = box.resolver();
  t.after(() => last[Symbol.dispose]());
  await last.setContainer(web.container.id, { networks: [network], upstreams: null });
  await last.begin();
  assert.deepEqual(await addresses(web.container, 'example.net'), ['203.0.113.50']);
  assert.deepEqual(await box.keys('granted4'), []);
});

test('what is denied while likerd is away is counted, and very many different names together', async (t) => {
  const started = await start(t);
  const { box, resolver, web } = started;
  resolver[Symbol.dispose]();
  const names = Array.from({ length: 300 }, (_, index) => `name${index}.example.net`);
  for (const name of [...names, 'name0.example.net']) await one(web.container, name);
  await web.reach('203.0.113.9');
  const next = box.resolver();
  t.after(() => next[Symbol.dispose]());
  const denials: Denial[] = [];
  next.onDenied((denial) => denials.push(denial));
  await tellAll(next, started);
  await next.begin();
  const sum = () => denials.reduce((all, { count }) => all + count, 0);
  await until('all of them', () => sum() === 302);
  assert.deepEqual(
    denials
      .filter(({ count }) => count > 1)
      .map(({ name, count }) => [name, count])
      .sort(),
    [
      ['', 44],
      ['name0.example.net', 2],
    ],
  );
  assert.equal(denials.length, 258);
});

test('a program that was killed is replaced without a moment in which other names are answered', async (t) => {
  const started = await start(t);
  const { box, web } = started;
  const denied = tryOut(web);
  const [pid = 0] = box.names.pids();
  const [guard = 0] = box.names.guards();
  process.kill(pid, 'SIGKILL');
  await until('the end of its guard', () => !box.names.guards().includes(guard));
  // Also while nobody answers.
  assert.equal(await web.reach('203.0.113.10'), 'port 443');
  await until('another one', async () => box.names.pids().some((other) => other !== pid));
  await until('an answer', async () => {
    const [answer] = await started.free.container.request<string[]>({
      udp: [question({ name: 'example.net' }).toString('hex')],
      waitMs: 500,
    });
    return answer !== undefined;
  });
  assert.equal(await denied.end(), 0);
  await assertPoliced(started);
  assert.deepEqual(await addresses(web.container, 'cdn.example.org'), ['203.0.113.11']);
  assert.equal(await web.reach('203.0.113.11'), 'port 443');
});

test('a program that takes the place of one that was killed knows what is open, and why', async (t) => {
  const { box, resolver, web } = await start(t);
  await resolver.setPolicy(
    web.container.id,
    web.policy(rule('*.example.org'), rule('evil.example.org', tcp(443))),
  );
  for (const name of ['long.example.org', 'cdn.example.org', 'other.example.org'])
    await addresses(web.container, name);
  const [pid = 0] = box.names.pids();
  const [listed = ''] = [(await box.names.sh(`nft list set inet ${table} granted4`)).join()];
  assert.match(listed, /203\.0\.113\.11 [^,]*comment "cdn\.example\.org"/);
  process.kill(pid, 'SIGKILL');
  await until('another one', async () => box.names.pids().some((other) => other !== pid));
  await resolver.ensure();
  // A shorter time of another name does not shorten it.
  await until('an answer', async () => {
    const asked = question({ name: 'www.example.org' }).toString('hex');
    const [answer] = await web.container.request<string[]>({ udp: [asked], waitMs: 500 });
    return answer?.slice(7, 8) === '0';
  });
  const element = (await box.elements('granted4')).find(({ key }) => key === '203.0.113.10');
  assert.ok((element?.expires ?? 0) > 300);
  await box.makeTable();
  await resolver.tableMade();
  assert.deepEqual(await box.keys('granted4'), ['203.0.113.10', '203.0.113.11', '203.0.113.50']);
  await resolver.setPolicy(web.container.id, web.policy(rule('cdn.example.org')));
  assert.deepEqual(await box.keys('granted4'), ['203.0.113.11']);
  assert.equal(await web.reach('203.0.113.10'), '');
  assert.equal(await web.reach('203.0.113.11'), 'port 443');
});

test('a guard that was killed is replaced, with the program', async (t) => {
  const started = await start(t);
  const { box, web } = started;
  const [guard = 0] = box.names.guards();
  process.kill(guard, 'SIGKILL');
  await until('another one', () => box.names.guards().some((other) => other !== guard));
  await until('an address', async () => {
    const [answer] = await web.container.request<string[]>({
      udp: [question({ name: 'cdn.example.org' }).toString('hex')],
      waitMs: 500,
    });
    return answer?.slice(7, 8) === '0';
  });
  assert.equal(await web.reach('203.0.113.11'), 'port 443');
  await assertPoliced(started);
});

test('without a guard and without likerd no address can be reached, and others have their names', async (t) => {
  const started = await start(t);
  const { box, resolver, web } = started;
  const [pid = 0] = box.names.pids();
  resolver[Symbol.dispose]();
  process.kill(box.names.guards()[0] ?? 0, 'SIGKILL');
  await until('its end', () => box.names.guards().length === 0);
  assert.equal((await one(web.container, 'cdn.example.org')).rcode, SERVER_FAILURE);
  await assertPoliced(started);
  const next = box.resolver();
  t.after(() => next[Symbol.dispose]());
  for (const { container } of [web, started.free]) box.names.containers.set(container.id, container);
  await tellAll(next, started);
  await next.begin();
  assert.ok(!box.names.pids().includes(pid));
  assert.deepEqual(await addresses(web.container, 'cdn.example.org'), ['203.0.113.11']);
});

test('a newer program takes over without an answer that the policy does not allow', async (t) => {
  const started = await start(t);
  const { box, resolver, web } = started;
  const [older = 0] = box.names.pids();
  const newer = join(box.names.run, 'liker-resolver');
  copyFileSync(box.names.program, newer);
  appendFileSync(newer, 'newer');
  const denied = tryOut(web);
  const load = started.free.container.request<number>({
    load: { names: ['a.example', 'b.example'], count: 2_000, atOnce: 20 },
  });
  resolver[Symbol.dispose]();
  box.names.program = newer;
  const next = box.resolver();
  t.after(() => next[Symbol.dispose]());
  const reported: Denial[] = [];
  next.onDenied((denial) => reported.push(denial));
  await tellAll(next, started);
  // The older one stays until it has an answer, here as long as the newer one has not heard of a packet.
  const silent = question({ name: 'silent.example' }).toString('hex');
  await started.free.container.request<string[]>({ udp: [silent], waitMs: 1 });
  await until('the question', () => box.asked.some((asked) => asked.includes('silent')));
  await next.begin();
  process.kill(older, 'SIGSTOP');
  try {
    await until('a packet that is denied to be reported', async () => {
      await web.reach('203.0.113.9', 22);
      return reported.some(({ kind, port }) => kind === 'packet' && port === 22);
    });
  } finally {
    process.kill(older, 'SIGCONT');
  }
  assert.equal(await load, 2_000);
  assert.equal(await denied.end(), 0);
  await until(
    'the end of the older one',
    () => !box.names.pids().includes(older) && box.names.guards().length === 1,
  );
  await assertPoliced(started);
  assert.equal(await web.reach('203.0.113.10'), 'port 443');
  assert.deepEqual(await addresses(web.container, 'cdn.example.org'), ['203.0.113.11']);
  assert.equal(await web.reach('203.0.113.11'), 'port 443');
});

test('without a table a policy is refused, and allows no address', async (t) => {
  const box = await PolicedBox.open();
  t.after(() => box[Symbol.dispose]());
  const resolver = box.names.resolver();
  t.after(() => resolver[Symbol.dispose]());
  await resolver.begin();
  const web = await box.container();
  await assert.rejects(resolver.setPolicy(web.container.id, web.policy(rule('www.example.org'))), /ENOTSUP/);
  await tell(resolver, web);
  assert.equal((await one(web.container, 'www.example.org')).rcode, SERVER_FAILURE);
  assert.equal((await one(web.container, 'example.net')).rcode, NO_NAME);
});
