// liker-resolver and likerd: each goes on without the other, and either may be replaced.
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Resolver } from '../../daemon/kernel/network/resolver.ts';
import { until } from '../../test/harness/until.ts';
import { NameBox, type NamedContainer } from './names/box.ts';
import { question, types } from './names/messages.ts';

const network = 'a1'.repeat(32);

interface Started {
  readonly box: NameBox;
  readonly resolver: Resolver;
  readonly web: NamedContainer;
}

async function tellAll(resolver: Resolver, web: NamedContainer): Promise<void> {
  await resolver.setContainer(web.id, { networks: [network], upstreams: null });
  await resolver.setNames(network, web.id, { names: ['web.mynet', 'web'], addresses: ['10.9.0.2'] });
}

/** A likerd with a container. */
async function start(t: TestContext): Promise<Started> {
  const box = await NameBox.open('127.0.0.1');
  t.after(() => box[Symbol.dispose]());
  await box.server('127.0.0.1');
  const resolver = box.resolver();
  t.after(() => resolver[Symbol.dispose]());
  const web = await box.container();
  await tellAll(resolver, web);
  await resolver.begin();
  return { box, resolver, web };
}

async function addresses(container: NamedContainer, name: string): Promise<readonly string[] | undefined> {
  return (await container.ask({ name }))[0]?.records;
}

test('names are answered while likerd is away, and the next one finds the program that runs', async (t) => {
  const { box, resolver, web } = await start(t);
  const pids = box.pids();
  assert.equal(pids.length, 1);
  resolver[Symbol.dispose]();
  assert.deepEqual(await addresses(web, 'web'), ['10.9.0.2']);
  assert.deepEqual(await addresses(web, 'far.example'), ['127.0.0.1']);
  const next = box.resolver();
  t.after(() => next[Symbol.dispose]());
  await next.setContainer(web.id, { networks: [network], upstreams: null });
  await next.setNames(network, web.id, { names: ['renamed'], addresses: ['10.9.0.2'] });
  // Until then nothing that is not told yet is forgotten.
  assert.deepEqual(await addresses(web, 'web'), ['10.9.0.2']);
  await next.begin();
  assert.deepEqual(await addresses(web, 'renamed'), ['10.9.0.2']);
  assert.deepEqual(await addresses(web, 'web'), ['127.0.0.1']);
  assert.deepEqual(box.pids(), pids);
});

test('after the program was killed another one has its names, and sockets in the namespaces', async (t) => {
  const { box, web } = await start(t);
  const [pid = 0] = box.pids();
  process.kill(pid, 'SIGKILL');
  await until('another resolver', () => box.pids().some((other) => other !== pid));
  await until('an answer', async () => {
    const answers = await web.request<string[]>({
      udp: [question({ name: 'web' }).toString('hex')],
      waitMs: 500,
    });
    return answers.length === 1;
  });
  assert.deepEqual(await addresses(web, 'web'), ['10.9.0.2']);
  assert.deepEqual(box.warnings, ['the resolver of names has ended, and is started again']);
});

test('a newer program takes over without a question that gets no answer', async (t) => {
  const { box, resolver, web } = await start(t);
  const more = await box.container();
  await resolver.setContainer(more.id, { networks: [network], upstreams: null });
  await resolver.open(more.id, more.process);
  const [older = 0] = box.pids();
  // Another one is the same with other bytes at its end.
  const newer = join(box.run, 'liker-resolver');
  copyFileSync(box.program, newer);
  appendFileSync(newer, 'newer');
  const silent = web.ask({ name: 'half.example' }, { name: 'slow.example' });
  const load = web.request<number>({ load: { names: ['web', 'far.example'], count: 4_000, atOnce: 20 } });
  resolver[Symbol.dispose]();
  box.program = newer;
  const next = box.resolver();
  t.after(() => next[Symbol.dispose]());
  await tellAll(next, web);
  await next.setContainer(more.id, { networks: [network], upstreams: null });
  await next.begin();
  assert.equal((await silent).length, 2);
  assert.equal(await load, 4_000);
  assert.deepEqual(await addresses(more, 'web'), ['10.9.0.2']);
  await until('the end of the older one', () => !box.pids().includes(older));
  assert.equal(box.pids().length, 1);
  assert.deepEqual(await addresses(web, 'web'), ['10.9.0.2']);
  assert.deepEqual((await web.askByTcp({ name: 'web' }))[0]?.records, ['10.9.0.2']);
});

test('a container that has ended keeps no socket and no namespace, while likerd is away, too', async (t) => {
  const { box, resolver, web } = await start(t);
  const [pid = 0] = box.pids();
  const sockets = () => readdirSync(`/proc/${pid}/fd`).length;
  const more = await box.container();
  const before = sockets();
  await resolver.setContainer(more.id, { networks: [network], upstreams: null });
  await resolver.setNames(network, more.id, { names: ['more'], addresses: ['10.9.0.3'] });
  await resolver.open(more.id, more.process);
  await until('two sockets and the process', () => sockets() === before + 3);
  resolver[Symbol.dispose]();
  await until('likerd is away', () => sockets() === before + 2);
  more.namespace.process.kill('SIGKILL');
  await until('its sockets are closed', () => sockets() === before - 1);
  assert.deepEqual(await addresses(web, 'more'), ['127.0.0.1']);
});

test('the program ends with its last container when likerd is away, and with likerd when there is none', async (t) => {
  const { box, resolver, web } = await start(t);
  resolver[Symbol.dispose]();
  assert.equal(box.pids().length, 1);
  web.namespace.process.kill('SIGKILL');
  await until('its end', () => box.pids().length === 0);

  const next = box.resolver();
  await next.begin();
  assert.equal(box.pids().length, 0, 'nobody needs it');
  await next.ensure();
  assert.equal(box.pids().length, 1);
  next[Symbol.dispose]();
  await until('its end', () => box.pids().length === 0);
});

test('the program ends when likerd has died before its containers were there', async (t) => {
  const box = await NameBox.open('127.0.0.1');
  t.after(() => box[Symbol.dispose]());
  const resolver = box.resolver();
  await resolver.begin();
  await resolver.setContainer('ab'.repeat(32), { networks: [network], upstreams: null });
  assert.equal(box.pids().length, 1);
  resolver[Symbol.dispose]();
  await until('its end', () => box.pids().length === 0);
});

test('of programs that are started at the same time one stays', async (t) => {
  const { box } = await start(t);
  const [pid = 0] = box.pids();
  const others = Array.from({ length: 5 }, () => box.resolver());
  await Promise.all(others.map((other) => other.ensure()));
  assert.deepEqual(box.pids(), [pid]);
  for (const other of others) other[Symbol.dispose]();
});

test('it has no fd of likerd, and the network of likerd', async (t) => {
  const { box } = await start(t);
  const [pid = 0] = box.pids();
  assert.equal(box.namespaceOf(pid), box.namespaceOf(box.host.pid));
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  for (const target of open)
    assert.match(
      target,
      /^(\/dev\/null|socket:.*|anon_inode:\[(eventpoll|pidfd)\]|pidfd:.*|\/.*\/resolver\.lock)$/,
    );
  assert.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
  assert.ok(existsSync(join(box.run, 'resolver.sock')));
});

test('a container with thousands of questions that nobody answers does not keep another one from its answers', async (t) => {
  const { box, resolver, web } = await start(t);
  const greedy = await box.container();
  // A name server that hears nobody else: it may lose what comes in such numbers.
  await box.server('127.0.0.2');
  await resolver.setContainer(greedy.id, { networks: [], upstreams: ['127.0.0.2'] });
  await resolver.open(greedy.id, greedy.process);
  const many = Array.from({ length: 3000 }, (_, id) =>
    question({ id, name: `silent.x${id}.example` }).toString('hex'),
  );
  const flood = greedy.request<string[]>({ udp: many, waitMs: 8000 });
  for (let turn = 0; turn < 50; turn += 1) {
    assert.deepEqual(await addresses(web, 'web'), ['10.9.0.2']);
    assert.deepEqual(await addresses(web, 'far.example'), ['127.0.0.1']);
  }
  const [pid = 0] = box.pids();
  assert.ok(readdirSync(`/proc/${pid}/fd`).length < 4000, 'its sockets are limited');
  await flood;
  assert.equal((await greedy.ask({ name: 'web', type: types.A }))[0]?.records[0], '127.0.0.2');
});
