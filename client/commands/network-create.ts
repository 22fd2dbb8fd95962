import { badArgument } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import { networks } from '../connection/methods.ts';
import { printLines } from '../output/print.ts';
import { defined } from '../request/defined.ts';
import { egressFlag, parseEgress } from '../request/egress.ts';
import { collectLabels, splitPair } from '../request/env.ts';
import { newRequestId } from '../request/request-id.ts';
import { parseSubnets } from '../request/subnets.ts';

export const networkCreate: Command = {
  name: 'network create',
  usage: 'NETWORK',
  summary: 'Create a network, and print its id',
  example: 'likerctl network create --subnet 10.7.0.0/24 --label job=test front',
  flags: [
    {
      name: 'aux-address',
      type: 'list',
      value: 'NAME=ADDRESS',
      help: 'Address in the subnet that is of something else, and that no container gets',
    },
    {
      name: 'driver',
      short: 'd',
      type: 'string',
      choices: ['bridge', 'macvlan', 'ipvlan'],
      value: 'DRIVER',
      fallback: 'bridge',
      help: 'bridge, or macvlan or ipvlan on an interface of the host (--opt parent=eth0)',
    },
    {
      ...egressFlag,
      help: 'What containers of the network may reach that have no policy of their own: all, none, a file of rules or allow=RULE,…',
    },
    {
      name: 'gateway',
      type: 'list',
      value: 'ADDRESS',
      help: "The host's address in the subnet (default: the first of it)",
    },
    { name: 'internal', type: 'bool', help: 'Without a way out of the network' },
    {
      name: 'ip-range',
      type: 'list',
      value: 'ADDRESS/LENGTH',
      help: 'Part of the subnet from which containers get addresses',
    },
    { name: 'ipv4', type: 'bool', help: 'With IPv4, which every network has' },
    {
      name: 'ipv6',
      type: 'bool',
      help: 'With IPv6 (default: if the host has it, or such a subnet is given)',
    },
    { name: 'label', type: 'list', value: 'NAME[=VALUE]', help: 'Set a label' },
    {
      name: 'opt',
      short: 'o',
      type: 'list',
      value: 'NAME=VALUE',
      suggestions: ['mtu=', 'parent=', 'macvlan_mode=', 'ipvlan_mode='],
      help: 'Option of the driver: mtu, parent, macvlan_mode or ipvlan_mode',
    },
    {
      name: 'subnet',
      type: 'list',
      value: 'ADDRESS/LENGTH',
      help: 'Addresses of the network, at most one for IPv4 and one for IPv6 (default: free ones)',
    },
  ],
  operands: [1, 1],
  async run({ flags, operands: [name = ''], context }) {
    if (!flags.bool('ipv4', true))
      throw badArgument('ipv4', 'Cannot make a network without IPv4: it is not supported yet');
    const request = {
      name,
      driver: flags.text('driver') ?? '',
      internal: flags.bool('internal'),
      ...defined({ ipv6: flags.has('ipv6') ? flags.bool('ipv6') : undefined }),
      subnets: parseSubnets(flags),
      options: Object.fromEntries(flags.list('opt').map((item) => splitPair(item, 'opt'))),
      labels: collectLabels([], flags.list('label')),
      egress: parseEgress(flags),
      requestId: newRequestId(),
    };
    const connection = await context.connect();
    const { network } = await connection.unary(networks.CreateNetwork, request);
    printLines([network?.id ?? '']);
    return 0;
  },
};
