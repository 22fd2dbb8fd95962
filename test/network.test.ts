// Networks, by what containers reach: each other, the host, the outside. likerd runs in a network namespace that the test makes.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { NetBox } from './harness/net-box.ts';
import { suite } from './harness/suite.ts';
import { inBothModes } from './hostile/modes.ts';

const box = await NetBox.open();
const s = suite({
  within: box.machine.within,
  args: ['--default-network', 'bridge'],
  programs: ['ip', 'busybox', 'socat', 'getent'],
});
after(() => box.close());

/** A container that answers with its name at port 80, for others to find. */
async function server(name: string, flags: readonly string[] = []): Promise<string> {
  const listen = 'TCP6-LISTEN:80,ipv6only=0,fork,reuseaddr';
  await s.detached(['--name', name, ...flags], ['socat', listen, `SYSTEM:echo I am ${name}`]);
  return addressOf(name);
}

function addressOf(container: string, network = 'bridge', field = 'IPAddress'): Promise<string> {
  return s.ok(['inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").${field}}}`, container]);
}

const removed = (...names: string[]) => s.ok(['rm', '-f', ...names]);
const ask = (address: string) => `socat -T 5 - TCP:${address}:80,connect-timeout=5,retry=20,interval=0.1`;

inBothModes(
  'a container reaches its gateway and the outside, by IPv4 and IPv6',
  async ({ flags, userns }) => {
    const outside = await box.host(userns === 'host' ? 7 : 8);
    const gateways = await s.sh(flags, `ip route show default; ip -6 route show default`);
    assert.match(gateways, /default via 10\.201\.0\.1 dev eth0.*default via fd[0-9a-f:]+::1 dev eth0/s);
    for (const address of ['10.201.0.1', outside.v4, outside.v6])
      assert.match(await s.sh(flags, `busybox ping -c 1 -W 5 ${address}`), / 0% packet loss/, address);
  },
);

inBothModes(
  'containers reach each other by address and by each of their names',
  async ({ flags, userns }) => {
    const name = `web-${userns}`;
    const address = await server(name, [
      ...flags,
      '--hostname',
      `h-${name}`,
      '--network',
      'bridge',
      '--network-alias',
      'alias',
    ]);
    const six = await addressOf(name, 'bridge', 'GlobalIPv6Address');
    const id = (await s.inspect(name)).Id;
    const places = [address, `[${six}]`, name, `${name}.bridge`, 'alias', `h-${name}`, id.slice(0, 12)];
    for (const place of places) assert.equal(await s.sh(flags, ask(place)), `I am ${name}`, place);
    const quick = ['--dns-option', 'timeout:1', '--dns-option', 'attempts:1'];
    const back = await s.sh(
      [...flags, ...quick],
      `getent hosts ${address}; getent ahostsv6 ${name} | head -n 1; getent hosts nobody || echo none`,
    );
    assert.match(back, new RegExp(`${address} +${name}\\n${six} .*\\nnone`));
    await removed(name);
  },
);
