import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { startTime } from '../../../native/test/fixture.ts';
import { NetMachine } from '../../../test/harness/net-box.ts';
import { inOwnNetwork } from '../../../test/harness/own-network.ts';
import { requires, requiresProgram } from '../../../test/harness/requires.ts';
import { connectLive } from './endpoint.ts';
import { freeRate, type HostEnd, prepareSender, rateProblem, readRate, setRate } from './host-rate.ts';
import { ensureBridge, linkNamed } from './links.ts';

const end: HostEnd = { name: 'lv1', alias: 'liker:0:box' };
const bits = (rateBits: number, ceilBits = rateBits) => ({ rateBits, ceilBits });

/** A container on a bridge, whose interface has this rate from its birth. */
async function startBox(megabits: number) {
  const index = await ensureBridge({
    name: 'lb0',
    alias: 'liker:0:net',
    mtu: 1500,
    addresses: [{ address: '10.9.0.1', prefix: 24 }],
  });
  const box = await NetMachine.open(7);
  const rate = bits(megabits * 1e6);
  await connectLive(
    { pid: box.pid, startTime: startTime(box.pid) },
    {
      number: 0,
      mac: '02:00:00:00:00:07',
      mtu: 1500,
      addresses: [{ address: '10.9.0.7', prefix: 24 }],
      gateways: [],
      link: { kind: 'bridge', index, ...end },
      limit: { rate, sender: await prepareSender(end, rate) },
    },
  );
  return box;
}

/** Megabits a second that arrive, from the container to the host or back. */
function measure(box: NetMachine, ...options: readonly string[]): number {
  const args = ['iperf3', '--client', '10.9.0.1', '--time', '3', '--omit', '1', '--json', ...options];
  const { end: result } = JSON.parse(box.run(args)) as {
    end: { sum_received: { bits_per_second: number } };
  };
  return result.sum_received.bits_per_second / 1e6;
}

function assertWithin(measured: number, megabits: number, what: string): void {
  assert.ok(Math.abs(measured / megabits - 1) < 0.1, `${what}: ${measured} Mbit/s instead of ${megabits}`);
}

const needs = requires(`rates of interfaces (${rateProblem()})`, rateProblem() === '');

inOwnNetwork(import.meta.filename, () => {
  describe('rates', { concurrency: 1, ...needs }, () => {
    test(
      'are held in both directions from the first packet on, and as they are changed',
      requiresProgram('iperf3'),
      async () => {
        const box = await startBox(20);
        const server = spawn('iperf3', ['--server', '--bind', '10.9.0.1'], { stdio: 'ignore' });
        try {
          await NetMachine.here().listens(5201);
          assertWithin(measure(box), 20, 'sent');
          assertWithin(measure(box, '--reverse'), 20, 'received');
          assertWithin(measure(box, '--udp', '--bitrate', '60M'), 20, 'sent by UDP');
          assert.deepEqual(await setRate(end, bits(5e6, 80e6)), bits(5e6, 80e6));
          assertWithin(measure(box), 80, 'sent after the change');
          assertWithin(measure(box, '--reverse'), 80, 'received after the change');
          await freeRate(end.name);
          assert.equal(await readRate(end.name), null);
          assert.ok(measure(box) > 160, 'sent without a limit');
          assert.ok(measure(box, '--reverse') > 160, 'received without a limit');
        } finally {
          server.kill('SIGKILL');
          await box.close();
        }
      },
    );

    test('nobody inside can change them, and they leave nothing', async () => {
      const box = await startBox(20);
      try {
        assert.equal(box.sh('tc qdisc show dev eth0'), 'qdisc noqueue 0: root refcnt 2');
        box.sh(
          'tc qdisc replace dev eth0 root noqueue 2>/dev/null; tc qdisc delete dev eth0 root 2>/dev/null; true',
        );
        assert.deepEqual(await readRate(end.name), bits(20e6));
        await freeRate(end.name);
        await freeRate(end.name);
        assert.equal(await linkNamed('li1'), null);
        assert.doesNotMatch(execFileSync('tc', ['qdisc', 'show'], { encoding: 'utf8' }), /htb|ingress/);
        assert.equal(await setRate({ name: 'nosuch', alias: '' }, bits(1e6)), null);
      } finally {
        await box.close();
      }
    });
  });
});
