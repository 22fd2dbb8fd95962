import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import type { FilterInput } from '../../proto/gen/types/liker/v1/Filter.ts';
import type { ListContainersRequestInput } from '../../proto/gen/types/liker/v1/ListContainersRequest.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { FlagValues } from '../cli/flag.ts';
import type { Connection } from '../connection/connection.ts';
import { containers } from '../connection/methods.ts';
import { containerRow } from '../format/container-row.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { printRows } from '../output/print.ts';
import { parseFilters } from './filters.ts';

const pageSize = 1000;

export const ps: Command = {
  name: 'ps',
  usage: '',
  summary: 'List running containers, or all',
  example: 'likerctl ps -a --filter status=exited --format "{{.Names}}\\t{{.Status}}"',
  flags: [
    { name: 'all', short: 'a', type: 'bool', help: 'Include containers that are not running' },
    {
      name: 'filter',
      short: 'f',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching containers, by id, name, label, label!, status, health, exited, ancestor, volume, network, publish, expose, before, since or until',
    },
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Names}}'",
    },
    { name: 'last', short: 'n', type: 'int', value: 'N', help: 'The N newest containers, in any state' },
    { name: 'latest', short: 'l', type: 'bool', help: 'The newest container, in any state' },
    { name: 'no-trunc', type: 'bool', help: 'Do not shorten ids and commands' },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Print only ids' },
    { name: 'size', short: 's', type: 'bool', help: "Print the sizes of each container's own layer and log" },
  ],
  operands: [0, 0],
  run: listContainers,
};

export const psLayout: ListLayout = {
  table: '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}',
  headings: {
    ID: 'CONTAINER ID',
    RunningFor: 'CREATED',
    CreatedAt: 'CREATED AT',
    LocalVolumes: 'LOCAL VOLUMES',
    LogSize: 'LOGS',
  },
};

async function listContainers({ flags, context }: Invocation): Promise<number> {
  const found = await fetchContainers(await context.connect(), flags);
  const options = { truncate: !flags.bool('no-trunc'), nowMs: Date.now() };
  const rows = found.map((container) => containerRow(container, options));
  const format = flags.text('format') ?? '';
  const lines =
    flags.bool('quiet') && format === ''
      ? rows.map((row) => row.ID)
      : formatList(
          rows,
          format,
          flags.bool('size')
            ? { ...psLayout, table: `${psLayout.table}\t{{.Size}}\t{{.LogSize}}` }
            : psLayout,
        );
  printRows(lines);
  return 0;
}

async function fetchContainers(connection: Connection, flags: FlagValues): Promise<Container[]> {
  const last = flags.bool('latest') ? 1 : flags.int('last');
  const limit = last === undefined || last < 0 ? Number.POSITIVE_INFINITY : last;
  const filters = parseFilters(flags.list('filter'));
  const request = {
    all: flags.bool('all') || limit !== Number.POSITIVE_INFINITY || filters.some(wantsAll),
    filters,
    withSize: flags.bool('size'),
  };
  return listAll(connection, request, limit);
}

/** The containers from all pages of the list, at most `limit`, with the fields that a table shows. */
export async function listAll(
  connection: Connection,
  request: ListContainersRequestInput,
  limit = Number.POSITIVE_INFINITY,
): Promise<Container[]> {
  const found: Container[] = [];
  let pageToken = '';
  do {
    const asked: ListContainersRequestInput = {
      ...request,
      view: 'LIST_VIEW_BASIC',
      pageSize: Math.min(limit, pageSize),
      pageToken,
    };
    const page = await connection.unary(containers.ListContainers, asked);
    found.push(...page.containers);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && found.length < limit);
  return found.slice(0, limit);
}

/** A filter for ended containers implies --all. */
function wantsAll({ key }: FilterInput): boolean {
  return key === 'status' || key === 'exited';
}
