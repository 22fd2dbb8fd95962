import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { pastaIn } from './pasta.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-pasta-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

// As the kernel prints them.
const v4 = {
  header:
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                                                       \n',
  none: 'eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0                                                                               \n',
  default:
    'eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0                                                                               \n',
  // 0.0.0.0/1, half of a default route.
  half: 'tun0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000080\t0\t0\t0                                                                               \n',
};
const zero = '0'.repeat(32);
const v6 = {
  default: `${zero} 00 ${zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n`,
  // Always there: what has no route is rejected by the loopback.
  loopback: `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo\n`,
  half: `${zero} 01 ${zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n`,
};
const needs = { tunnel: file('tun'), routes: { v4: file('route'), v6: file('ipv6_route') } };

describe('pasta', { concurrency: 1 }, () => {
  beforeEach(() => {
    writeFileSync(file('pasta'), '', { mode: 0o755 });
    writeFileSync(needs.tunnel, '');
    writeFileSync(needs.routes.v4, v4.header + v4.none + v4.default);
    writeFileSync(needs.routes.v6, v6.loopback);
  });
  const problem = (path: string | undefined = folder) => pastaIn(path, needs).problem();

  test('is found in the absolute folders of PATH, at each question anew', () => {
    const pasta = pastaIn(`relative::/nonexistent:${folder}`, needs);
    assert.equal(pasta.problem(), '');
    assert.equal(pasta.command('/run/c')[0], file('pasta'));
    rmSync(file('pasta'));
    const missing = "pasta is missing; run 'sudo apt-get install passt'";
    assert.equal(pasta.problem(), missing);
    writeFileSync(file('pasta'), '', { mode: 0o644 });
    assert.equal(pasta.problem(), missing, 'it cannot be executed');
    chmodSync(file('pasta'), 0o755);
    assert.equal(pasta.problem(), '');
    for (const path of [undefined, '', 'relative']) assert.equal(pastaIn(path, needs).problem(), missing);
  });

  test('needs the tunnel device', () => {
    rmSync(needs.tunnel);
    assert.equal(
      problem(),
      `likerd's user may not open ${needs.tunnel}; run 'sudo chmod 666 ${needs.tunnel}', after 'sudo modprobe tun' if it is missing`,
    );
  });

  test('needs a default route, of IPv4 or IPv6', () => {
    const none = 'the machine itself has no default route';
    for (const [four, six, wanted] of [
      [v4.header + v4.default, '', ''],
      [v4.header, v6.loopback + v6.default, ''],
      [v4.header + v4.none, v6.loopback, none],
      [v4.header + v4.half, v6.half, none],
      ['', '', none],
    ] as const) {
      writeFileSync(needs.routes.v4, four);
      writeFileSync(needs.routes.v6, six);
      assert.equal(problem(), wanted, `${four}${six}`);
    }
    // A kernel without IPv6 has no such table.
    rmSync(needs.routes.v6);
    assert.equal(problem(), none);
    writeFileSync(needs.routes.v4, v4.header + v4.default);
    assert.equal(problem(), '');
  });

  test('reaches no port of the loopback, opens none, and has the namespace as its last argument', () => {
    const [, ...args] = pastaIn(folder, needs).command('/run/c');
    assert.deepEqual(args.slice(-4), ['--pid', '/run/c/network.pid', '--netns', '/run/c/network']);
    assert.ok(args.includes('--no-map-gw'));
    for (const ports of ['--tcp-ports', '--udp-ports', '--tcp-ns', '--udp-ns'])
      assert.equal(args[args.indexOf(ports) + 1], 'none', ports);
    assert.equal(args[args.indexOf('--dns-forward') + 1], pastaIn(folder, needs).nameServer);
  });
});
