import type { PublishedPort } from '../../proto/gen/types/liker/v1/PublishedPort.ts';

/** HOST:PORT, with brackets round an IPv6 address. */
export function joinHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Ports of one protocol, beside each other; `address` and `host` only of published ones. */
interface Row {
  readonly first: number;
  readonly length: number;
  readonly protocol: string;
  readonly address?: string;
  readonly host?: number;
}

/** Docker's column PORTS, with ranges: 127.0.0.1:8080->80/tcp, 443/tcp. `exposed`: as PORT[-PORT]/PROTOCOL. */
export function portsText(published: readonly PublishedPort[], exposed: readonly string[]): string {
  const rows: Row[] = published.map(({ hostAddress, hostPort, containerPort, protocol, length }) => ({
    first: containerPort,
    length: Math.max(1, length),
    protocol,
    address: hostAddress,
    host: hostPort,
  }));
  const others = unpublished(rows, exposed.map(exposedRow));
  const isSame = ({ first, host = first }: Row): boolean => host === first;
  const all = merge([...rows, ...others].toSorted(byPort));
  // As in Docker, those whose port is another on the host are last.
  return [...all.filter(isSame), ...all.filter((row) => !isSame(row))].map(rowText).join(', ');
}

function rowText({ first, length, protocol, address, host }: Row): string {
  const inside = `${rangeText(first, length)}/${protocol}`;
  if (address === undefined || host === undefined) return inside;
  return `${joinHostPort(address, rangeText(host, length))}->${inside}`;
}

function rangeText(first: number, length: number): string {
  return length === 1 ? String(first) : `${first}-${first + length - 1}`;
}

/** Docker's order. */
function byPort(a: Row, b: Row): number {
  return (
    a.first - b.first ||
    compare(a.address ?? '', b.address ?? '') ||
    (a.host ?? 0) - (b.host ?? 0) ||
    compare(a.protocol, b.protocol)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a !== b);
}

/** Joins rows that continue each other inside and on the host. */
function merge(rows: readonly Row[]): Row[] {
  const merged: Row[] = [];
  const open = new Map<string, number>();
  for (const row of rows) {
    const { first, length, protocol, address, host } = row;
    const key = `${address} ${protocol} ${host === undefined ? '' : host - first}`;
    const at = open.get(key);
    const last = at === undefined ? undefined : merged[at];
    if (at !== undefined && last !== undefined && last.first + last.length === first)
      merged[at] = { ...last, length: last.length + length };
    else open.set(key, merged.push(row) - 1);
  }
  return merged;
}

function exposedRow(text: string): Row {
  const { first, last, protocol } = splitExposed(text);
  return { first, length: last - first + 1, protocol };
}

/** The parts of PORT[-PORT]/PROTOCOL. */
function splitExposed(text: string) {
  const [, from = '', to = from, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
  return { first: Number(from), last: Number(to), protocol };
}

/** The exposed ports that are not published. */
function unpublished(published: readonly Row[], exposed: readonly Row[]): Row[] {
  let left = exposed;
  for (const { first, length, protocol } of published) {
    const end = first + length;
    left = left.flatMap((row) => {
      if (row.protocol !== protocol) return [row];
      const before = Math.min(row.length, first - row.first);
      const after = Math.min(row.length, row.first + row.length - end);
      return [
        ...(before > 0 ? [{ ...row, length: before }] : []),
        ...(after > 0 ? [{ ...row, first: row.first + row.length - after, length: after }] : []),
      ];
    });
  }
  return distinct(left);
}

/** Overlapping ranges once. */
function distinct(rows: readonly Row[]): Row[] {
  const kept: Row[] = [];
  for (const row of rows.toSorted(byPort)) {
    const last = kept.findLast(({ protocol }) => protocol === row.protocol);
    const end = last === undefined ? 0 : last.first + last.length;
    const first = Math.max(row.first, end);
    const length = row.first + row.length - first;
    if (length > 0) kept.push({ ...row, first, length });
  }
  return kept;
}

/** Each single port of a list of exposed ones, as PORT/PROTOCOL. */
export function exposedPorts(exposed: readonly string[]): string[] {
  return exposed.flatMap((text) => {
    const { first, last, protocol } = splitExposed(text);
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
  });
}

/** Each single port of a published range. */
export function singlePorts(port: PublishedPort): PublishedPort[] {
  return Array.from({ length: Math.max(1, port.length) }, (_, index) => ({
    ...port,
    hostPort: port.hostPort === 0 ? 0 : port.hostPort + index,
    containerPort: port.containerPort + index,
    length: 1,
  }));
}

/** PORT/PROTOCOL. */
export function insidePort({ containerPort, protocol }: PublishedPort): string {
  return `${containerPort}/${protocol}`;
}
