import { hasReason, LikerError, type Reason } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import type { Command } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { containers, images } from '../connection/methods.ts';
import { imageRecord } from '../format/image-inspect.ts';
import { inspectRecord } from '../format/inspect.ts';
import { inspectEach } from './inspect-each.ts';
import { fetchNetwork } from './network-inspect.ts';
import { fetchVolume } from './volume-inspect.ts';

export const inspect: Command = {
  name: 'inspect',
  usage: 'NAME [NAME...]',
  operands: [1, Number.POSITIVE_INFINITY],
  summary: 'Print details of containers, images, networks or volumes, as JSON',
  example: "likerctl inspect -f '{{.State.Status}}' web",
  flags: [
    {
      name: 'format',
      short: 'f',
      type: 'string',
      value: 'FORMAT',
      help: "json, or a template such as '{{.State.Pid}}'",
    },
    { name: 'size', short: 's', type: 'bool', help: "Include the size of each container's own layer" },
    {
      name: 'type',
      type: 'string',
      choices: ['container', 'image', 'network', 'volume'],
      value: 'TYPE',
      help: 'What the names are of: container, image, network or volume; default: the first of these that there is',
    },
  ],
  run: (invocation) => {
    const withSize = invocation.flags.bool('size');
    const fetch = fetchOf(invocation.flags.text('type') ?? '', withSize);
    return inspectEach(invocation, fetch);
  },
};

type Fetch = (connection: Connection, name: string) => Promise<object>;

function fetchOf(type: string, withSize: boolean): Fetch {
  const kinds: Readonly<Record<string, Fetch>> = {
    container: (connection, name) => fetchContainer(connection, name, withSize),
    image: async (connection, image) => imageRecord(await connection.unary(images.GetImage, { image })),
    network: fetchNetwork,
    volume: fetchVolume,
  };
  return own(kinds, type) ?? ((connection, name) => fetchFirst(Object.values(kinds), connection, name));
}

/** Of what is not there, and of names that such a thing cannot have. */
const absent: readonly Reason[] = [
  'CONTAINER_NOT_FOUND',
  'IMAGE_NOT_FOUND',
  'NETWORK_NOT_FOUND',
  'VOLUME_NOT_FOUND',
  'BAD_ARGUMENT',
];

async function fetchFirst(kinds: readonly Fetch[], connection: Connection, name: string): Promise<object> {
  for (const fetch of kinds) {
    try {
      return await fetch(connection, name);
    } catch (error) {
      if (!absent.some((reason) => hasReason(error, reason))) throw error;
    }
  }
  throw new LikerError('CONTAINER_NOT_FOUND', `No such container, image, network or volume: '${name}'`);
}

async function fetchContainer(connection: Connection, name: string, withSize: boolean): Promise<object> {
  const { container } = await connection.unary(containers.GetContainer, { container: name, withSize });
  if (container === null) throw new LikerError('INTERNAL', `likerd returned no container for '${name}'`);
  return inspectRecord(container);
}
