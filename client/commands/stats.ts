import { hasReason } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import { parseDuration } from '../../common/units.ts';
import type { ContainerStats } from '../../proto/gen/types/liker/v1/ContainerStats.ts';
import type { StatsSnapshot } from '../../proto/gen/types/liker/v1/StatsSnapshot.ts';
import type { StreamStatsRequestInput } from '../../proto/gen/types/liker/v1/StreamStatsRequest.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { FlagValues } from '../cli/flag.ts';
import type { Connection } from '../connection/connection.ts';
import { stats as statsService } from '../connection/methods.ts';
import { ellipsis } from '../format/ellipsis.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { sortKeys, statsRow } from '../format/stats-row.ts';
import { fromNs } from '../format/timestamp.ts';
import { LiveScreen } from '../output/live-screen.ts';
import { isOnTerminal, printRows } from '../output/print.ts';
import { stream } from '../output/streams.ts';
import { invalidFlag } from '../request/invalid-flag.ts';

export const stats: Command = {
  name: 'stats',
  usage: '[CONTAINER...]',
  summary: 'Show the resource usage of containers continuously',
  example: 'likerctl stats --no-stream --sort mem',
  flags: [
    { name: 'all', short: 'a', type: 'bool', help: 'Include containers that are not running' },
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Name}} {{.CPUPerc}}'",
    },
    {
      name: 'interval',
      type: 'string',
      value: 'TIME',
      fallback: '1s',
      help: 'Time between two measurements, at least 100ms',
    },
    { name: 'no-stream', type: 'bool', help: 'Print once, after one interval' },
    { name: 'no-trunc', type: 'bool', help: 'Do not shorten ids and names' },
    {
      name: 'sort',
      type: 'string',
      choices: [...Object.keys(sortKeys), 'name'],
      value: 'KEY',
      help: 'Sort by cpu, mem, pids, io, net (greatest first) or name; default: newest container first',
    },
  ],
  operands: [0, Number.POSITIVE_INFINITY],
  run: showStats,
};

const layout: ListLayout = {
  table: '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}',
  headings: {
    ID: 'CONTAINER ID',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    MemPeak: 'MEM PEAK',
    OOMKills: 'OOM KILLS',
    CPUPressure: 'CPU PRESSURE',
    MemPressure: 'MEM PRESSURE',
    IOPressure: 'I/O PRESSURE',
  },
};

/** A narrow terminal lacks the columns with totals since the start. */
const narrowLayout: ListLayout = {
  ...layout,
  table: layout.table.replace('\t{{.NetIO}}\t{{.BlockIO}}', ''),
};

/** Names are not shortened below this width. */
const shortestName = 8;

async function showStats({ flags, operands, context }: Invocation): Promise<number> {
  const format = flags.text('format') ?? '';
  const request = statsRequest(flags, operands);
  const lines = (snapshot: StatsSnapshot): string[] => statsLines(snapshot, flags, format);
  const connection = await context.connect();
  if (flags.bool('no-stream')) {
    const { snapshot } = await connection.unary(statsService.GetStats, request);
    if (snapshot !== null) printRows(lines(snapshot));
    return 0;
  }
  using screen = isOnTerminal() && format !== 'json' ? new LiveScreen() : null;
  for await (const snapshot of snapshots(connection, request)) {
    if (screen === null) printRows(lines(snapshot));
    else screen.draw(lines(snapshot));
  }
  return 0;
}

/** Ends once all named containers are removed, even if that happens while likerd is away. */
async function* snapshots(
  connection: Connection,
  request: StreamStatsRequestInput,
): AsyncGenerator<StatsSnapshot> {
  let containers = request.containers ?? [];
  const areNamed = containers.length > 0;
  let seen = false;
  while (!areNamed || containers.length > 0) {
    try {
      const asked = () => ({ ...request, containers });
      for await (const { snapshot } of connection.messages(statsService.StreamStats, asked)) {
        if (snapshot === null) continue;
        yield snapshot;
        seen = true;
        if (areNamed) containers = snapshot.containers.map(({ id }) => id);
      }
      return;
    } catch (error) {
      if (!seen || !hasReason(error, 'CONTAINER_NOT_FOUND')) throw error;
      const gone = error.metadata['container'];
      if (!containers.includes(gone ?? '')) throw error;
      containers = containers.filter((id) => id !== gone);
    }
  }
}

function statsRequest(flags: FlagValues, containers: readonly string[]): StreamStatsRequestInput {
  const interval = flags.text('interval') ?? '1s';
  const ms = parseDuration(interval, '--interval');
  if (ms < 100) throw invalidFlag('interval', interval, 'give at least 100ms');
  return {
    containers: [...containers],
    all: flags.bool('all'),
    interval: fromNs(BigInt(Math.round(ms * 1e6))),
  };
}

function statsLines(snapshot: StatsSnapshot, flags: FlagValues, format: string): string[] {
  const rows = sorted(snapshot.containers, flags.text('sort')).map((container) =>
    statsRow(container, snapshot, !flags.bool('no-trunc')),
  );
  const all = formatList(rows, format, layout);
  const { columns } = stream('stdout');
  const excess = (lines: readonly string[]): number => widest(lines) - columns;
  if (format !== '' || !isOnTerminal() || excess(all) <= 0) return all;
  const narrow = formatList(rows, format, narrowLayout);
  if (excess(narrow) <= 0 || flags.bool('no-trunc')) return narrow;
  const width = Math.max(shortestName, widest(rows.map(({ Name }) => Name)) - excess(narrow));
  const shortened = rows.map((row) => ({ ...row, Name: ellipsis(row.Name, width) }));
  return formatList(shortened, format, narrowLayout);
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

function sorted(containers: readonly ContainerStats[], by: string | undefined): readonly ContainerStats[] {
  if (by === undefined) return containers;
  if (by === 'name') return containers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const value = (stats: ContainerStats): number => own(sortKeys, by)?.(stats) ?? -1;
  return containers.toSorted((a, b) => value(b) - value(a));
}
