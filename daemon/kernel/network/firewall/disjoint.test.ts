import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EgressPorts, parseEgressRule } from '../../../../common/egress.ts';
import { contains, parseAddress, parseSubnet, type Subnet } from '../../../../common/ip-address.ts';
import { disjoint } from './disjoint.ts';

function pieces(...rules: readonly string[]): string[] {
  const allowed = rules.map(parseEgressRule).flatMap((rule) => (rule.kind === 'subnet' ? [rule] : []));
  return disjoint(allowed).map(({ subnet, ports }) =>
    ports === null ? subnet : `${subnet} ${ports.protocol} ${ports.first}-${ports.last}`,
  );
}

test('what a larger subnet allows is left out of the smaller one', () => {
  assert.deepEqual(pieces('10.0.0.0/8', '10.1.0.0/16', '10.2.0.1:80'), ['10.0.0.0/8']);
  assert.deepEqual(pieces('10.1.0.0/16:80-90/tcp', '10.0.0.0/8:85-100/tcp'), [
    '10.1.0.0/16 tcp 80-84',
    '10.0.0.0/8 tcp 85-100',
  ]);
  assert.deepEqual(pieces('10.0.0.1:80', '10.0.0.1:81', '10.0.0.1:53/udp'), [
    '10.0.0.1/32 tcp 80-81',
    '10.0.0.1/32 udp 53-53',
    '10.0.0.1/32 udp 80-81',
  ]);
  assert.deepEqual(pieces('::/0', '0.0.0.0/0/udp'), ['::/0', '0.0.0.0/0 udp 0-65535']);
});

const rule = fc.record({
  subnet: fc.constantFrom(
    '10.0.0.0/8',
    '10.0.0.0/30',
    '10.0.0.2/31',
    '10.0.0.2/32',
    '10.0.0.3/32',
    '0.0.0.0/0',
  ),
  ports: fc.option(
    fc.tuple(fc.constantFrom('any', 'tcp', 'udp'), fc.nat(9), fc.nat(9)).map(
      ([protocol, a, b]): EgressPorts => ({
        protocol: protocol as 'any',
        first: Math.min(a, b),
        last: Math.max(a, b),
      }),
    ),
  ),
});

test('the pieces allow what the rules allow, each packet by one piece alone', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), (rules) => {
      const made = disjoint(rules);
      for (const text of ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.9.0.0', '192.0.2.1'])
        for (const protocol of ['tcp', 'udp'] as const)
          for (let port = 0; port < 10; port += 1) {
            const address = parseAddress(text);
            assert.ok(address);
            const fits = ({
              subnet,
              ports,
            }: {
              readonly subnet: string;
              readonly ports: EgressPorts | null;
            }): boolean =>
              contains(parseSubnet(subnet) as Subnet, address) &&
              (ports === null ||
                ((ports.protocol === 'any' || ports.protocol === protocol) &&
                  port >= ports.first &&
                  port <= ports.last));
            // Subnets with and without ports are in different sets, and may overlap.
            for (const whole of [true, false])
              assert.ok(made.filter((one) => (one.ports === null) === whole && fits(one)).length <= 1);
            assert.equal(made.some(fits), rules.some(fits));
          }
    }),
  );
});
