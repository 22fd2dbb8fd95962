import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';

describe('the firewall, by what gets through', () => {
  let results: Record<string, unknown> = {};

  before(() => {
    const guest = join(import.meta.dirname, 'firewall.guest.ts');
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      // What the guest has started ends with it, as the processes of its namespace.
      ['-nmpf', '--mount-proc', '--kill-child', '--propagation', 'private', process.execPath, guest],
      { encoding: 'utf8', timeout: 300_000 },
    );
    assert.equal(status, 0, stderr);
    results = JSON.parse(stdout);
  });

  const v4 = { a1: '10.201.0.2', host: '192.0.2.1', gateway: '10.201.0.1' };
  const v6 = { a1: 'fd00:a::2', host: '2001:db8::1', gateway: 'fd00:a::1' };

  for (const protocol of ['tcp', 'udp']) {
    /** Server and the address that it sees; `silence` where nothing gets through. */
    const expected: Record<string, string> = {
      'host to container': `a1 ${v4.gateway}`,
      'host to container, IPv6': `a1 ${v6.gateway}`,
      'host to 127.0.0.1': `a1 ${v4.gateway}`,
      'host to ::1': `a1 ${v6.gateway}`,
      'host to 127.0.0.1 of 0.0.0.0': `a1 ${v4.gateway}`,
      'host to ::1 of ::': `a1 ${v6.gateway}`,
      'host to its own address': `a1 ${v4.host}`,
      'host to its own address, IPv6': `a1 ${v6.host}`,
      'neighbour to neighbour': 'a1 10.201.0.3',
      'neighbour through the host': `a1 ${v4.gateway}`,
      'neighbour through the host, IPv6': `a1 ${v6.gateway}`,
      'neighbour through the gateway': `a1 ${v4.gateway}`,
      'itself through the host': `a1 ${v4.gateway}`,
      'itself through the host, IPv6': `a1 ${v6.gateway}`,
      'other network': 'silence',
      'other network, IPv6': 'silence',
      'other network through the host': 'a1 10.201.1.2',
      'other network through the host, IPv6': 'a1 fd00:b::2',
      outside: 'a1 192.0.2.9',
      'outside, IPv6': 'a1 2001:db8::9',
      'outside to the container': 'silence',
      'outside to the container, IPv6': 'silence',
      'outside to a port of 127.0.0.1': 'refused',
      'outside to 127.0.0.1': 'silence',
      'container to outside': `outside ${v4.host}`,
      'container to outside, IPv6': `outside ${v6.host}`,
      'container to the host': 'host 10.201.0.2',
      'internal to outside': 'silence',
      'internal to outside, IPv6': 'silence',
      'internal to the host': 'silence',
      'internal to other network': 'silence',
      'internal to other network through the host': 'silence',
      'other network to internal': 'silence',
      'host to internal': 'i1 10.201.2.1',
      'host to internal, IPv6': 'i1 fd00:c::1',
    };
    for (const [name, answer] of Object.entries(expected))
      test(`${protocol}: ${name}: ${answer}`, () => assert.equal(results[`${protocol} ${name}`], answer));
  }

  test('with and without br_netfilter, by which packets within a bridge pass the firewall', (context) => {
    if (!results['has bridge filter']) return context.skip('this kernel has no br_netfilter');
    for (const protocol of ['tcp', 'udp']) {
      const refused = 'refused';
      for (const [name, without, filtered] of [
        ['neighbour', 'a1 10.201.0.3', 'a1 10.201.0.3'],
        ['itself', `a1 ${v4.gateway}`, `a1 ${v4.gateway}`],
        ['itself, IPv6', `a1 ${v6.gateway}`, `a1 ${v6.gateway}`],
        ['host to ::1', `a1 ${v6.gateway}`, refused],
        ['host to ::1 of ::', `a1 ${v6.gateway}`, refused],
      ] as const) {
        assert.equal(
          results[`${protocol} bridge filter 0, ${name}`],
          without,
          `${protocol}, without: ${name}`,
        );
        assert.equal(results[`${protocol} bridge filter 1, ${name}`], filtered, `${protocol}, with: ${name}`);
      }
    }
    assert.equal(results['bridge filter 0, range 9350 of ::1'], 'a1 fd00:a::1');
    assert.equal(results['bridge filter 1, range 9350 of ::1'], 'refused');
  });

  test('a port of one address is not one of another', () => {
    assert.equal(results['one address'], 'a1 192.0.2.9');
    assert.equal(results['one address, not another'], 'refused');
  });

  test('ranges, as they are and shifted, and nothing beside them', () => {
    for (const [port, answer] of [
      [9000, 'a1 192.0.2.9'],
      [9050, 'a1 192.0.2.9'],
      [9099, 'a1 192.0.2.9'],
      [9100, 'refused'],
      [9202, 'a1 192.0.2.9'],
      [9203, 'refused'],
    ])
      assert.equal(results[`range ${port}`], answer, String(port));
    assert.equal(results['range 9350 of 127.0.0.1'], 'a1 10.201.0.1');
  });

  test('CVE-2020-8558: a container reaches no port of the loopback of the host', () => {
    assert.equal(results['container to 127.0.0.1 of the host'], 'silence');
    assert.equal(results['container to a port of 127.0.0.1'], 'silence');
  });

  test('CVE-2020-13401: a bridge hears no router advertisements', () => {
    assert.equal(results['hears routers'], '0');
  });

  test('CVE-2021-20199: who comes from outside is seen at his own address', () => {
    for (const protocol of ['tcp', 'udp']) {
      assert.equal(results[`${protocol} outside`], 'a1 192.0.2.9');
      assert.equal(results[`${protocol} outside, IPv6`], 'a1 2001:db8::9');
    }
  });

  test('a port that another container has got by now stays with it when the first gives it up', () => {
    assert.equal(results['moved port'], 'a2 192.0.2.9');
    assert.equal(results['removed port'], 'refused');
    assert.equal(results['port beside'], 'a1 10.201.0.1');
  });

  test('a network goes and comes back between others whose subnets touch its own', () => {
    assert.equal(results['removed network: beside it'], 'outside 192.0.2.1');
    assert.equal(results['removed network: itself'], 'outside 10.201.1.2', 'nothing stands for it any more');
    for (const who of ['beside it', 'itself'])
      assert.equal(results[`network again: ${who}`], 'outside 192.0.2.1', who);
  });

  test('what somebody has flushed is back, without being told; changes of others are none of its business', () => {
    for (const words of [
      'flush ruleset',
      'flush table inet liker-test',
      'delete chain inet liker-test early',
    ])
      assert.equal(results[`after nft ${words}`], 'a2 192.0.2.9', words);
    assert.deepEqual(results['foreign changes'], []);
  });

  test('the next likerd takes over, and what it does not know is gone', () => {
    assert.equal(results['after a restart'], 'a1 192.0.2.9');
    assert.equal(results['after a restart, gone'], 'refused');
    assert.equal(results['rules in use'], 'table inet liker-test');
  });

  test('forwarding is on while there is a network, and everything is as before at the end', () => {
    assert.deepEqual(results['forwarding'], ['1', '0', '1', '2']);
    assert.equal(results['at the end'], true);
    assert.deepEqual(
      (results['logged'] as string[]).filter((line) => /forwarding/.test(line)),
      [
        'info: enabled forwarding, which networks of containers need',
        'info: forwarding is off again, as it was before the first network',
      ],
    );
  });
});
