import { callDocker, type DockerAnswer } from '../harness/docker-client.ts';
import { until } from '../harness/until.ts';
import { requests } from './requests.ts';

/** What programs rely on in an answer. */
export interface Summary {
  readonly request: string;
  readonly status: number;
  readonly headers: readonly string[];
  readonly type: string;
  /** The types that are at each path of the body's JSON, such as string or null|array. */
  readonly keys: Readonly<Record<string, string>>;
}

/** The newest that dockerd 20.10 has. */
const version = '/v1.41';

/** Sends all requests, one after another. */
export async function summaries(socket: string): Promise<Summary[]> {
  const found: Summary[] = [];
  let id = '';
  for (const [method, path, body] of requests) {
    const versioned = path.startsWith('/v1.') ? path : `${version}${path}`;
    const target = versioned.replace('{id}', id).replace('{now}', String(Date.now() / 1000));
    const answer = await callDocker(socket, method, target, body);
    if (path === '/exec/{id}/start') await until('the end of the exec', () => isOver(socket, id));
    id = (answer.body as { Id?: string } | null)?.Id ?? id;
    found.push(summary(nameOf({ method, path, body }, found), answer));
  }
  return found;
}

/** What a detached exec does is seen by the requests that follow. */
async function isOver(socket: string, id: string): Promise<boolean> {
  const { body } = await callDocker(socket, 'GET', `${version}/exec/${id}/json`);
  return (body as { Running: boolean }).Running === false;
}

/** The same request may be sent several times. */
function nameOf(
  {
    method,
    path,
    body,
  }: { readonly method: string; readonly path: string; readonly body: object | undefined },
  before: readonly Summary[],
): string {
  const name = [method, path, ...(body ? [JSON.stringify(body)] : [])].join(' ');
  const short = name.length > 120 ? `${name.slice(0, 120)}…` : name;
  const same = before.filter(({ request }) => request.replace(/ \(\d+\)$/, '') === short).length;
  return same === 0 ? short : `${short} (${same + 1})`;
}

/** How a body is framed depends on its length. */
const framing = new Set(['connection', 'content-length', 'date', 'transfer-encoding']);

function summary(request: string, { status, headers, body }: DockerAnswer): Summary {
  const types = new Map<string, Set<string>>();
  collect(types, '', body);
  return {
    ...{ request, status, type: headers.get('content-type') ?? '' },
    headers: [...headers.keys()].filter((name) => !framing.has(name)).sort(),
    keys: Object.fromEntries([...types].map(([path, kinds]) => [path, [...kinds].sort().join('|')]).sort()),
  };
}

function collect(types: Map<string, Set<string>>, path: string, value: unknown): void {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  types.getOrInsertComputed(path, () => new Set()).add(kind);
  if (Array.isArray(value)) for (const item of value) collect(types, `${path}[]`, item);
  else if (kind === 'object')
    for (const [key, item] of Object.entries(value as object)) collect(types, `${path}.${plain(key)}`, item);
}

/** Keys that are ids differ from run to run. */
function plain(key: string): string {
  return /^[0-9a-f]{64}$/.test(key) ? 'ID' : key;
}

/** What is otherwise in `here`, a text for each difference. Programs read an empty list or map and null alike. */
export function differences(there: Summary, here: Summary): string[] {
  const paths = new Set([...Object.keys(there.keys), ...Object.keys(here.keys)]);
  const inKeys = [...paths].sort().flatMap((path) => {
    const [one, other] = [there.keys[path], here.keys[path]];
    if (one === other) return [];
    if (other === undefined) return [`- ${path}: ${one}`];
    if (one === undefined) return [`+ ${path}: ${other}`];
    return isEmpty(one) && isEmpty(other) ? [] : [`${path}: ${one}, here ${other}`];
  });
  const headers = new Set([...there.headers, ...here.headers]);
  const inHeaders = [...headers].sort().flatMap((name) => {
    if (there.headers.includes(name) && here.headers.includes(name)) return [];
    return [`${there.headers.includes(name) ? '-' : '+'} header ${name}`];
  });
  return [
    ...(there.status === here.status ? [] : [`status: ${there.status}, here ${here.status}`]),
    ...(there.type === here.type ? [] : [`type: ${there.type}, here ${here.type}`]),
    ...inHeaders,
    ...inKeys,
  ];
}

function isEmpty(kinds: string): boolean {
  return kinds.split('|').includes('null') || kinds === 'array' || kinds === 'object';
}
