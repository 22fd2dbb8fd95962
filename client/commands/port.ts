import { badArgument } from '../../common/errors.ts';
import type { PublishedPort } from '../../proto/gen/types/liker/v1/PublishedPort.ts';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { insidePort, joinHostPort, singlePorts } from '../format/ports.ts';
import { printLines } from '../output/print.ts';

export const port: Command = {
  name: 'port',
  usage: 'CONTAINER [PORT[/PROTOCOL]]',
  summary: 'List the ports of the host that lead into a container',
  example: 'likerctl port web 80',
  flags: [],
  operands: [1, 2],
  async run({ operands: [name = '', wanted], context }) {
    const asked = wanted === undefined ? undefined : parsePort(wanted);
    const connection = await context.connect();
    const { container } = await connection.unary(containers.GetContainer, { container: name });
    const published = (container?.ports ?? []).flatMap(singlePorts).toSorted(byPort);
    const found = published.filter((one) => asked === undefined || insidePort(one) === asked);
    if (asked !== undefined && found.length === 0)
      throw badArgument('port', `Port ${asked} of container '${name}' is not published`);
    printLines(
      found.map((one) => (asked === undefined ? `${insidePort(one)} -> ${hostOf(one)}` : hostOf(one))),
    );
    return 0;
  },
};

/** PORT[/PROTOCOL] with the protocol. */
function parsePort(text: string): string {
  const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  if (port === undefined)
    throw badArgument('port', `Invalid port '${text}': use PORT[/PROTOCOL], such as 80 or 53/udp`);
  return `${Number(port)}/${protocol.toLowerCase()}`;
}

function hostOf({ hostAddress, hostPort }: PublishedPort): string {
  return joinHostPort(hostAddress, hostPort);
}

function byPort(a: PublishedPort, b: PublishedPort): number {
  const [one, other] = [hostOf(a), hostOf(b)];
  return a.containerPort - b.containerPort || (one < other ? -1 : 1);
}
