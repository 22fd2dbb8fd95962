import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { pastaIn } from './pasta.ts';
import { ableVersion, portsProblem } from './pasta-ports.ts';

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
const link = (address: string, scopeid?: number) =>
  ({
    address,
    ...(scopeid === undefined ? { family: 'IPv4' } : { family: 'IPv6', scopeid }),
  }) as NetworkInterfaceInfo;
const needs = {
  tunnel: file('tun'),
  routes: { v4: file('route'), v6: file('ipv6_route') },
  interfaces: () => ({
    lo: [link('127.0.0.1')],
    eth0: [link('192.0.2.7'), link('192.0.2.8'), link('fe80::1', 2), link('2001:db8::7', 0)],
  }),
};

const port = { protocol: 'tcp', length: 1, containerPort: 80 } as const;

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
    assert.equal(pasta.command('/run/c', [])[0], file('pasta'));
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
    const [, ...args] = pastaIn(folder, needs).command('/run/c', []);
    assert.deepEqual(args.slice(-4), ['--pid', '/run/c/network.pid', '--netns', '/run/c/network']);
    assert.ok(args.includes('--no-map-gw'));
    for (const ports of ['--tcp-ports', '--udp-ports', '--tcp-ns', '--udp-ns'])
      assert.equal(args[args.indexOf(ports) + 1], 'none', ports);
    assert.equal(args[args.indexOf('--dns-forward') + 1], pastaIn(folder, needs).nameServer);
  });

  test('opens ports at their addresses, as ranges, and none of a protocol that has none', () => {
    const ports = [
      { ...port, hostAddress: '127.0.0.1', hostPort: 8080 },
      { ...port, hostAddress: '::1', hostPort: 9000, containerPort: 90, length: 3 },
    ];
    const args = pastaIn(folder, needs).command('/run/c', ports);
    const from = args.indexOf('--tcp-ports');
    assert.deepEqual(args.slice(from, from + 6), [
      ...['--tcp-ports', '127.0.0.1/8080:80', '--tcp-ports', '::1/9000-9002:90-92'],
      ...['--udp-ports', 'none'],
    ]);
  });

  test('connects the families of the default routes, with the addresses of the host there', () => {
    const pasta = pastaIn(folder, needs);
    assert.deepEqual(pasta.families(), [4]);
    assert.deepEqual(pasta.addresses(), ['10.213.0.2']);
    assert.deepEqual(pasta.hostAddresses(), ['192.0.2.7']);
    writeFileSync(needs.routes.v6, v6.loopback + v6.default);
    assert.deepEqual(pasta.families(), [4, 6]);
    assert.deepEqual(pasta.addresses(), ['10.213.0.2', 'fd13:6c6b::2']);
    assert.deepEqual(pasta.hostAddresses(), ['192.0.2.7', '2001:db8::7']);
  });

  test('has a port at several addresses if its version can, which is asked once', () => {
    const pasta = pastaIn(folder, needs);
    assert.equal(pasta.mostAddresses(), 1, 'it cannot be executed');
    for (const [version, most] of [
      ['pasta unknown version', 1],
      ['pasta 0.0~git20230309.7c7625d', 1],
      ['pasta 2024_07_26.57a21d2', Number.POSITIVE_INFINITY],
      ['pasta 0.0~git20240220.1e6f92b-1', Number.POSITIVE_INFINITY],
    ] as const) {
      rmSync(file('pasta'));
      writeFileSync(file('pasta'), `#!/bin/sh\necho x >>${file('asked')}; echo '${version}'\n`, {
        mode: 0o755,
      });
      utimesSync(file('pasta'), new Date(), new Date(version.length * 1000));
      rmSync(file('asked'), { force: true });
      for (let i = 0; i < 3; i++) assert.equal(pasta.mostAddresses(), most, version);
      assert.equal(readFileSync(file('asked'), 'utf8'), 'x\n');
    }
  });

  test('says what it cannot publish', () => {
    const one = { ...port, hostAddress: '127.0.0.1', hostPort: 8080 };
    const other = { ...one, hostAddress: '192.0.2.7' };
    const old = 0;
    for (const [ports, version, problem] of [
      [[one], old, /^$/],
      [[one, { ...other, hostPort: 8081 }], old, /^$/],
      [[one, { ...other, protocol: 'udp' }], old, /^$/],
      [[{ ...one, protocol: 'sctp' }], ableVersion, /no SCTP/],
      [[one, other], old, /before 2024-02-20 can have 8080\/tcp at one address only/],
      [[one, other], ableVersion, /^$/],
      [[one, { ...other, containerPort: 81 }], ableVersion, /leads 8080\/tcp to the same port/],
      [
        [one, { ...other, hostPort: 8070, containerPort: 71, length: 11 }],
        ableVersion,
        /leads 8070-8080\/tcp/,
      ],
      // Not chosen yet.
      [
        [
          { ...one, hostPort: 0 },
          { ...other, hostPort: 0, containerPort: 81 },
        ],
        old,
        /^$/,
      ],
      [[{ ...one, protocol: 'udp' }], old, /publish 80:80\/udp, give an address of the host/],
      [[{ ...one, protocol: 'udp', hostPort: 80 }], old, /^$/],
      [[{ ...other, protocol: 'udp' }], old, /^$/],
      [[{ ...one, protocol: 'udp' }], ableVersion, /^$/],
    ] as const)
      assert.match(portsProblem(ports, version), problem, JSON.stringify(ports));
  });
});
