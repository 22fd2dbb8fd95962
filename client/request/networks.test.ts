import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { parseCommandLine } from '../cli/parse.ts';
import { run } from '../commands/run.ts';
import { type AskedNetworks, parseNetworks } from './networks.ts';

const asked = (...argv: string[]): AskedNetworks =>
  parseNetworks(parseCommandLine(run, [...argv, 'image']).flags);

const plain = { aliases: [], ipv4: '', ipv6: '', macAddress: '', gwPriority: 0 };

describe('--network', () => {
  for (const argv of ['', '--network=', '--network default', '--network private', '--ip= --mac-address='])
    test(`'${argv}' asks for the default`, () =>
      assert.deepEqual(asked(...argv.split(' ').filter(Boolean)), { mode: '', networks: [] }));

  for (const mode of ['none', 'host', 'container:web', 'ns:/run/netns/a=b', 'name=host'])
    test(`${mode} is no network`, () =>
      assert.deepEqual(asked('--network', mode), { mode: mode.replace('name=', ''), networks: [] }));

  test('several networks, with what each flag says of the first', () => {
    const argv =
      '--net blue --network name=red,alias=b,alias=c,ip=10.1.0.7,ip6=fd00::7,mac-address=02-42-AC-11-00-02,gw-priority=-3';
    assert.deepEqual(
      asked(...argv.split(' '), '--network-alias', 'a', '--net-alias', 'db', '--ip', '10.2.0.9'),
      {
        mode: '',
        networks: [
          { ...plain, network: 'blue', aliases: ['a', 'db'], ipv4: '10.2.0.9' },
          {
            network: 'red',
            aliases: ['b', 'c'],
            ipv4: '10.1.0.7',
            ipv6: 'fd00::7',
            macAddress: '02:42:ac:11:00:02',
            gwPriority: -3,
          },
        ],
      },
    );
  });

  test('flags without a network are for the default one', () => {
    const networks = [{ ...plain, network: '', ipv6: 'fd00::1', macAddress: '02:42:ac:11:00:02' }];
    assert.deepEqual(asked('--ip6', 'fd00::1', '--mac-address', '0242.ac11.0002'), { mode: '', networks });
    assert.deepEqual(asked('--network', 'name=default,alias=x').networks, [
      { ...plain, network: '', aliases: ['x'] },
    ]);
  });

  for (const [argv, why] of [
    ['--network host --network blue', /--network host together with another network/],
    ['--network blue --network none', /--network none together with another network/],
    ['--network host --ip 10.1.0.1', /--ip with --network host/],
    ['--network container:a --network-alias b', /--network-alias with --network container:a/],
    ['--network name=host,alias=b', /with host there is nothing else to say/],
    ['--network container:', /use the name of a network, none/],
    ['--network cni:', /use the name of a network, none/],
    ['--network ../a', /use the name of a network, none/],
    ['--network alias=b', /the name of the network is missing/],
    ['--network name=', /'name' has no value/],
    ['--network name=a,name=b', /'name' is given twice/],
    ['--network name=a,ip=1.2.3', /'1\.2\.3' is not an IPv4 address/],
    ['--network name=a,ip=fd00::1', /'fd00::1' is not an IPv4 address/],
    ['--network name=a,mtu=9000', /unknown key 'mtu'; known are name, alias/],
    ['--network name=a,driver-opt=x=y', /it is not supported yet; leave driver-opt out/],
    ['--network name=a,gw-priority=high', /gw-priority is not a whole number/],
    ['--network name=a,ip=10.0.0.1 --ip 10.0.0.2', /--ip and ip= of --network together/],
    ['--ip6 10.0.0.1', /Invalid --ip6 '10\.0\.0\.1': '10\.0\.0\.1' is not an IPv6 address/],
    ['--mac-address 02:42', /is not a MAC address, such as/],
    ['--mac-address 01:42:ac:11:00:02', /is the address of a group/],
    ['--network-alias a/b', /Invalid --network-alias 'a\/b': 'a\/b' is not a host name/],
  ] as const) {
    test(`${argv} is refused`, () => {
      assert.throws(
        () => asked(...argv.split(' ')),
        (error) => error instanceof LikerError && why.test(error.message),
      );
    });
  }
});
