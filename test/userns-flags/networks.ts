import assert from 'node:assert/strict';
import { ask, type NetworkSuite } from '../harness/network-suite.ts';
import type { Mode } from '../hostile/modes.ts';

/** What flags of networks do, by traffic. Containers and networks are removed after each. */
type NetworkRow = readonly [flags: string, effect: (s: NetworkSuite, mode: Mode) => Promise<void>];

const reaches = (s: NetworkSuite, flags: readonly string[], place: string): Promise<string> =>
  s.sh(flags, ask(place));
const fromMachine = (s: NetworkSuite, address: string, port: number | string): string =>
  s.box.machine.sh(ask(address, port));

export const networks: readonly NetworkRow[] = [
  [
    '--ip, --ip6, --mac-address',
    async (s, { flags }) => {
      await s.ok(['network', 'create', '--subnet', '10.77.0.0/24', '--subnet', 'fd77::/64', 'net']);
      const here = ['--network', 'net', ...flags];
      const mac = '02:42:ac:11:00:09';
      await s.server('web', [...here, '--ip', '10.77.0.9', '--ip6', 'fd77::9', '--mac-address', mac]);
      const shown = await s.sh(here, `${ask('10.77.0.9')}; ${ask('[fd77::9]')}; ip neigh show 10.77.0.9`);
      assert.match(shown, new RegExp(`^I am web\nI am web\n10\\.77\\.0\\.9 .*lladdr ${mac}`));
    },
  ],
  [
    '--network NAME, --network-alias',
    async (s, { flags }) => {
      await s.ok(['network', 'create', 'net']);
      const here = ['--network', 'net', ...flags];
      await s.server('web', [...here, '--network-alias', 'store', '--hostname', 'shop']);
      for (const name of ['web', 'store', 'shop', 'web.net'])
        assert.equal(await reaches(s, here, name), 'I am web', name);
    },
  ],
  [
    '--network name=NAME,alias=…,ip=…,gw-priority=…',
    async (s, { flags }) => {
      await s.ok(['network', 'create', '--subnet', '10.78.0.0/24', 'one']);
      await s.ok(['network', 'create', '--subnet', '10.79.0.0/24', 'two']);
      await s.server('web', [
        ...flags,
        ...['--network', 'name=one,alias=store,ip=10.78.0.9'],
        ...['--network', 'name=two,alias=other,gw-priority=5'],
      ]);
      assert.equal(await reaches(s, ['--network', 'one', ...flags], 'store'), 'I am web');
      assert.equal(await reaches(s, ['--network', 'one', ...flags], '10.78.0.9'), 'I am web');
      assert.equal(await reaches(s, ['--network', 'two', ...flags], 'other'), 'I am web');
      assert.match(await s.ok(['exec', 'web', 'ip', 'route', 'show', 'default']), /via 10\.79\.0\.1 /);
    },
  ],
  [
    '--publish',
    async (s, { flags }) => {
      await s.server('web', [...flags, '-p', '8080:80', '-p', '0.0.0.0:8081:80']);
      const outside = await s.box.host(9);
      assert.equal(fromMachine(s, '127.0.0.1', 8080), 'I am web');
      assert.equal(outside.sh(ask(s.box.machine.v4, 8081)), 'I am web');
      await outside.close();
    },
  ],
  [
    '--publish-all, --expose',
    async (s, { flags }) => {
      await s.server('web', [...flags, '--expose', '80', '-P']);
      const [, port = ''] = /:(\d+)$/m.exec(await s.ok(['port', 'web', '80'])) ?? [];
      assert.equal(fromMachine(s, '127.0.0.1', port), 'I am web');
    },
  ],
  [
    '--add-host NAME:host-gateway',
    async (s, { flags, userns }) => {
      const port = userns === 'host' ? 7000 : 7001;
      s.box.machine.start(['socat', `TCP-LISTEN:${port},fork`, 'SYSTEM:echo the host']);
      await s.box.machine.listens(port);
      assert.equal(
        await s.sh(
          [...flags, '--add-host', 'host.internal:host-gateway'],
          `socat -u -T 5 TCP4:host.internal:${port} -`,
        ),
        'the host',
      );
    },
  ],
];
