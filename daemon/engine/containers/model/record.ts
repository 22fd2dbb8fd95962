import { own } from '../../../../common/own.ts';
import type { ContainerRow } from '../../../store/store.ts';

/** What a stored value must be: a type, one of some words, a list of such, or an object with at least these fields. */
type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | ReadonlySet<string>
  | readonly [Shape]
  | { readonly [field: string]: Shape };

const oneOf = (...words: string[]): ReadonlySet<string> => new Set(words);
const share: Shape = { kind: oneOf('private', 'host', 'container', 'path') };

const specShape: Shape = {
  name: 'string',
  rootfs: { directory: 'string', mode: oneOf('overlay', 'rw', 'ro') },
  process: {
    args: ['string'],
    env: ['string'],
    cwd: 'string',
    user: 'string',
    additionalGroups: ['string'],
    tty: 'boolean',
    openStdin: 'boolean',
    noNewPrivileges: 'boolean',
    rlimits: [{ name: 'string', soft: 'string', hard: 'string' }],
    privileged: 'boolean',
  },
  hostname: 'string',
  domainname: 'string',
  namespaces: { pid: share, ipc: share, uts: share, cgroup: share, network: share },
  mounts: [{ type: oneOf('bind', 'tmpfs'), target: 'string', readOnly: 'boolean' }],
  readOnly: 'boolean',
  shmSizeBytes: 'number',
  init: 'boolean',
  capAdd: ['string'],
  capDrop: ['string'],
  sysctls: {},
  extraHosts: ['string'],
  dns: ['string'],
  labels: {},
  resources: {},
  stopSignal: 'number',
  stopTimeoutSeconds: 'number',
  autoRemove: 'boolean',
  timeoutSeconds: 'number',
  onDisconnect: oneOf('keep', 'hangup', 'kill'),
  seccompUnconfined: 'boolean',
  restart: { name: oneOf('no', 'on-failure', 'always', 'unless-stopped'), maxRetries: 'number' },
};

const exitShape: Shape = { code: 'number', signal: 'number', exitedAt: 'number', startError: 'string' };
const live: Shape = { startedAt: 'number', main: { pid: 'number', startTime: 'string' } };

const phaseShapes: Readonly<Record<string, Shape>> = {
  created: {},
  running: live,
  paused: live,
  orphaned: live,
  exited: { exit: exitShape },
  restarting: { exit: exitShape, at: 'number' },
};

/** The parsed columns of a row. Throws an Error that says what is not as likerd writes it. */
export function parseRow(row: ContainerRow): {
  readonly spec: unknown;
  readonly phase: unknown;
  readonly facts: unknown;
} {
  const spec = parse('spec', row.spec);
  check('spec', spec, specShape);
  const phase = parse('phase', row.phase);
  check('phase', phase, { state: oneOf(...Object.keys(phaseShapes)) });
  check('phase', phase, own(phaseShapes, (phase as { state: string }).state) as Shape);
  const facts = parse('facts', row.facts);
  check('facts', facts, {});
  return { spec, phase, facts };
}

function parse(column: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`its ${column} is not JSON`);
  }
}

function check(path: string, value: unknown, shape: Shape): void {
  if (typeof shape === 'string') expect(path, typeof value === shape, `a ${shape}`);
  else if (shape instanceof Set) expect(path, shape.has(value as string), [...shape].join(' or '));
  else if (Array.isArray(shape)) {
    expect(path, Array.isArray(value), 'a list');
    for (const [index, item] of (value as unknown[]).entries()) check(`${path}[${index}]`, item, shape[0]);
  } else {
    expect(path, typeof value === 'object' && value !== null && !Array.isArray(value), 'an object');
    for (const [field, inner] of Object.entries(shape))
      check(`${path}.${field}`, own(value as Readonly<Record<string, unknown>>, field), inner);
  }
}

function expect(path: string, holds: boolean, what: string): void {
  if (!holds) throw new Error(`its ${path} is not ${what}`);
}
