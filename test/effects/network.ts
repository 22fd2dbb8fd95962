import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { performance } from 'node:perf_hooks';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../harness/until.ts';
import type { Effects, Running } from './effects.ts';

const name = `lk${process.pid % 100_000}`;
const namespace = `/run/netns/${name}`;
const address = (host: number) => `10.${200 + (process.pid % 50)}.${(process.pid >> 6) % 250}.${host}`;
const bitsOf = { '4mbit': 4e6, '8mbit': 8e6, '20mbit': 20e6 } as const;
type Rate = keyof typeof bitsOf;

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** The queue of the namespace's interface, as tc(8) prints it. */
function queue(): string {
  return execFileSync('ip', ['netns', 'exec', name, 'tc', 'qdisc', 'show', 'dev', 'inside'], {
    encoding: 'utf8',
  });
}

/** Bits per second that arrive at the host's end of the pair, as the kernel counts them; may be too low, never too high, as in cpuShares. */
async function arriving(spanMs: number): Promise<number> {
  const read = () => Number(readFileSync(`/sys/class/net/${name}/statistics/rx_bytes`, 'utf8'));
  const begin = performance.now();
  const before = read();
  await sleep(spanMs);
  const bytes = read() - before;
  return (bytes * 8) / ((performance.now() - begin) / 1000);
}

/** Never more; and as much, unless others use the CPU all the time. */
async function holds(rate: Rate): Promise<void> {
  const wanted = bitsOf[rate];
  let seen = 0;
  await until(
    `${rate} arrive`,
    async () => {
      seen = await arriving(1000);
      assert.ok(seen <= wanted * 1.15, `${seen} bits a second`);
      return seen >= wanted * 0.85;
    },
    { deadlineMs: 120_000 },
  );
}

const join = ['--network', `ns:${namespace}`];
const send = `exec 3>/dev/tcp/${address(1)}/5999; cat /dev/zero >&3`;

export function networkEffects(effects: Effects): void {
  const { suite: s } = effects;
  let server: Server | undefined;
  let problem = '';

  describe('network', { concurrency: 1 }, () => {
    before(async () => {
      try {
        ip('netns', 'add', name);
        ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'inside', 'netns', name);
        ip('addr', 'add', `${address(1)}/24`, 'dev', name);
        ip('link', 'set', name, 'up');
        ip('-n', name, 'addr', 'add', `${address(2)}/24`, 'dev', 'inside');
        ip('-n', name, 'link', 'set', 'inside', 'up');
      } catch (error) {
        problem = `no pair of interfaces can be made: ${(error as Error).message}`;
        return;
      }
      server = createServer((socket) => socket.resume().on('error', () => {}));
      await new Promise<void>((resolve) => server?.listen(5999, address(1), resolve));
    });
    after(() => {
      server?.close();
      for (const args of [
        ['link', 'delete', name],
        ['netns', 'delete', name],
      ]) {
        try {
          ip(...args);
        } catch {
          // It was not created.
        }
      }
    });
    const needs = () => problem;

    effects.effect({
      knobs: ['network.rate_bits'],
      what: 'sent traffic is limited to the rate; an update takes effect; the namespace is clean afterwards',
      needs,
      async prove() {
        await effects.running(
          [{ flags: [...join, '--net-rate', '4mbit'], script: send }],
          async (container) => {
            await holds('4mbit');
            await s.ok(['update', '--net-rate', '8mbit', container.Id]);
            await sleep(200); // until packets sent at the old rate have arrived
            await holds('8mbit');
            const limit = (await effects.get(container.Id)).limits.find(
              ({ knob }) => knob === 'network.rate_bits',
            );
            assert.deepEqual(
              [limit?.file, limit?.effective],
              ['tc dev inside', 'rate 8000000bit ceil 8000000bit'],
            );
            await s.ok(['update', '--net-rate', '0', container.Id]);
            assert.doesNotMatch(queue(), /htb/);
            await until('it sends freely', async () => (await arriving(200)) > bitsOf['20mbit']);
          },
        );
        assert.doesNotMatch(queue(), /htb/);
      },
    });

    effects.effect({
      knobs: ['network.ceil_bits'],
      what: 'a container alone on its interface reaches it; all in the namespace share it; a restart keeps it',
      needs,
      async prove() {
        const flags = [...join, '--net-rate', '4mbit', '--net-ceil', '20mbit'];
        await effects.running([{ flags, script: send }], async (one) => {
          await holds('20mbit');
          const joins = { flags: ['--network', `container:${one.Id}`], script: send };
          await effects.running([joins], () => holds('20mbit'));
          const second = await s.run(['--network', `container:${one.Id}`, '--net-rate', '4mbit'], ['true']);
          assert.equal(second.code, 125);
          assert.match(second.stderr, /is in the same network namespace and limits its interfaces already/);
          await s.ok(['restart', '-t', '0', one.Id]);
          assert.match(queue(), /htb/);
          await holds('20mbit');
          await s.ok(['kill', one.Id]);
          await s.ok(['wait', one.Id]);
          assert.doesNotMatch(queue(), /htb/);
        });
      },
    });

    test('a queue that somebody else created is neither replaced nor removed', async (context) => {
      if (problem !== '') return context.skip(problem);
      const tc = ['netns', 'exec', name, 'tc', 'qdisc'];
      ip(...tc, 'add', 'dev', 'inside', 'root', 'handle', '7:', 'htb');
      try {
        const { code, stderr } = await s.run([...join, '--net-rate', '4mbit'], ['true']);
        assert.equal(code, 125);
        assert.match(stderr, /interface 'inside' sends through a queue 'htb' that somebody else has created/);
        assert.match(queue(), /htb 7:/);
      } finally {
        ip(...tc, 'delete', 'dev', 'inside', 'root');
      }
    });

    test('--network ns:PATH joins the namespace of that file', async (context) => {
      if (problem !== '') return context.skip(problem);
      const inode = ip('netns', 'exec', name, 'readlink', '/proc/self/ns/net').toString().trim();
      await effects.running([{ flags: join, script: 'sleep 1000' }], async ({ Id }) => {
        assert.equal(await s.ok(['exec', Id, 'readlink', '/proc/self/ns/net']), inode);
      });
      for (const [path, why] of [
        ['/run/netns/no-such', /it does not exist/],
        ['/etc/passwd', /it is not a namespace/],
      ] as const) {
        const { code, stderr } = await s.run(['--network', `ns:${path}`], ['true']);
        assert.equal(code, 125);
        assert.match(stderr, why);
      }
    });

    effects.effect({
      knobs: ['network.priority'],
      what: 'its sockets have it, including those of execs; an update applies to new ones',
      prove: () =>
        effects.running(
          [{ flags: ['--net-priority', '6'], script: 'sleep 1000' }],
          async ({ Id }: Running) => {
            assert.equal(await s.ok(['exec', Id, 'socket-priority']), '6');
            await s.ok(['update', '--net-priority', '2', Id]);
            assert.equal(await s.ok(['exec', Id, 'socket-priority']), '2');
            await s.ok(['update', '--net-priority', '0', Id]);
            assert.equal(await s.ok(['exec', Id, 'socket-priority']), '0');
          },
        ),
    });

    effects.inForce('network.class_id', ['--net-cls-classid', '10:1'], String(0x100001), {
      why: 'read by rules of the host',
    });
    effects.effect({
      knobs: ['network.priorities.INTERFACE'],
      what: 'takes effect',
      onlyValue: () => 'read by queues of the host',
      async prove() {
        await effects.running(
          [{ flags: ['--net-prio', 'lo=5'], script: 'sleep 1000' }],
          async ({ limits }) => {
            const file = limits.find(({ knob }) => knob === 'network.priorities.lo')?.file ?? '';
            assert.match(readFileSync(file, 'utf8'), /^lo 5$/m);
          },
        );
      },
    });

    test('without an interface of its own: refused in strict mode, reported in best-effort mode', async () => {
      for (const [network, why] of [
        ['none', /without an interface beside the loopback; use a network/],
        ['host', /its interfaces are those of the host; use --net-cls-classid/],
        [`ns:/proc/${process.pid}/ns/net`, /its interfaces are those of the host/],
      ] as const) {
        const { code, stderr } = await s.run(['--network', network, '--net-rate', '4mbit'], ['true']);
        assert.equal(code, 125);
        assert.match(stderr, /Cannot set --net-rate to 4000000: /);
        assert.match(stderr, why);
      }
      const flags = ['--name', 'unheld', '--limits', 'best-effort', '--net-rate', '4mbit'];
      const { code, stdout, stderr } = await s.run(flags, ['echo', 'done']);
      assert.deepEqual([code, stdout], [0, 'done\n']);
      assert.match(stderr, /^likerctl: Limit not applied: Cannot set network\.rate_bits/);
      const filter = ['--filter', 'container=unheld', '--format', 'json'];
      const events = await s.ok(['events', '--since', '1', '--until', '0s', ...filter]);
      assert.match(events, /"limit_not_applied".*network\.rate_bits/);
    });
  });
}
