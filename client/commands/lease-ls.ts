import { humanDuration } from '../../common/units.ts';
import type { Lease } from '../../proto/gen/types/liker/v1/Lease.ts';
import type { Command } from '../cli/command.ts';
import { leases } from '../connection/methods.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { rfc3339, toMs } from '../format/timestamp.ts';
import { printLines, printRows } from '../output/print.ts';

export const leaseLs: Command = {
  name: 'lease ls',
  usage: '',
  summary: 'List leases, with whose end what programs have made is removed',
  example: 'likerctl lease ls',
  flags: [
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.ID}}'",
    },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Only ids' },
  ],
  operands: [0, 0],
  async run({ flags, context }) {
    const connection = await context.connect();
    const answer = await connection.unary(leases.ListLeases, {});
    if (flags.bool('quiet')) printLines(answer.leases.map(({ id }) => id));
    else {
      const nowMs = Date.now();
      const rows = answer.leases.map((lease) => leaseRow(lease, nowMs));
      printRows(formatList(rows, flags.text('format') ?? '', leaseLayout));
    }
    return 0;
  },
};

const leaseLayout: ListLayout = {
  table: '{{.ID}}\t{{.CreatedSince}}\t{{.Status}}\t{{.Containers}}\t{{.Volumes}}\t{{.Networks}}',
  headings: { ID: 'LEASE ID', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' },
};

function leaseRow(lease: Lease, nowMs: number): Record<string, string> {
  return {
    ID: lease.id,
    CreatedSince: `${humanDuration(nowMs - (toMs(lease.createdAt) ?? nowMs))} ago`,
    CreatedAt: rfc3339(lease.createdAt),
    Status: statusOf(lease, nowMs),
    Containers: String(lease.containerIds.length),
    Volumes: String(lease.volumes.length),
    Networks: String(lease.networkIds.length),
  };
}

function statusOf({ ending, holders, expiresAt }: Lease, nowMs: number): string {
  if (ending) return 'ending';
  const pids = holders.map(({ pid }) => pid || 'unknown').join(', ');
  const expires = toMs(expiresAt);
  return [
    ...(pids === '' ? [] : [`held by ${pids}`]),
    ...(expires === undefined ? [] : [`expires in ${humanDuration(expires - nowMs).toLowerCase()}`]),
  ].join(', ');
}
