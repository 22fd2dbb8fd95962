// Text that a container or a stranger chose never controls the terminal that shows it, and reaches a program unchanged.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { id, web } from '../test/containers.ts';
import { FakeServer, serviceError } from '../test/fake-server.ts';
import { likerctl, TerminalLikerctl } from '../test/likerctl.ts';

const patience = { timeout: 60_000 };

/** A title, a row of its own, C1 and bidirectional controls. */
const poison = '\x1b]0;owned\x07\r\nfake row\t\x7f\x9b31m\u202ex';
const shown = '\\x1b]0;owned\\a\\r\\nfake row\\t\\x7f\\u009b31m\\u202ex';

/** Has the poison in every text except ids and words of enumerations. */
function poisoned<T>(value: T): T {
  if (typeof value === 'string')
    return (/^([A-Z_]+|[0-9a-f]{64})$/.test(value) ? value : value + poison) as T;
  if (Array.isArray(value)) return value.map(poisoned) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poisoned(inner)])) as T;
}

const container = poisoned({
  ...web,
  exit: { code: 1, startError: 'no' },
  logPath: '/l',
  cgroupPaths: { cpu: '/c' },
});
const image = poisoned({ id: `sha256:${id}`, names: ['docker.io/library/i:latest'], labels: { a: 'b' } });
const server = new FakeServer();

before(() =>
  server.listen({
    unary: {
      ListContainers: () => ({ containers: [container] }),
      GetContainer: () => ({ container }),
      GetTop: () => ({ processes: [{ pid: 1, uid: 0, name: 'x', args: ['sh', poison] }] }),
      ExplainContainer: () => ({ steps: [poisoned({ name: 'exec', detail: 'sh' })] }),
      GetInfo: () =>
        poisoned({ version: '1', hostname: 'h', operatingSystem: 'o', warnings: ['w'], root: '/r' }),
      GetVersion: () => poisoned({ version: '1', kernel: 'k' }),
      GetStats: () => ({ snapshot: { containers: [poisoned({ id, name: 'web' })] } }),
      GetDiskUsage: () => ({ usages: [poisoned({ type: 'Containers' })] }),
      ListImages: () => ({ images: [image] }),
      GetImage: () => ({ image, layers: [{ diffId: image.id, sizeBytes: 1 }] }),
      ListVolumes: () => ({ volumes: [poisoned({ name: 'v', driver: 'local', mountpoint: '/v' })] }),
      ListNetworks: () => ({ networks: [poisoned({ id, name: 'n', driver: 'bridge' })] }),
      StopContainer: () => {
        throw serviceError('INTERNAL', `Cannot stop '${poison}'`, { reason: 'INTERNAL' });
      },
      CreateContainer: () => ({ container: { id }, warnings: [poison] }),
    },
    streams: {
      Subscribe: () => [
        {
          event: poisoned({
            action: 'start',
            subjectId: id,
            subjectType: 'container',
            subjectName: 'web',
            attributes: { label: 'v' },
          }),
        },
      ],
      ReadLogs: () => [{ entries: [{ data: Buffer.from(poison), stream: 'LOG_STREAM_STDOUT' }] }],
    },
    run: async (session) => {
      await session.ready();
      await session.send({ warning: { message: poison } });
      await session.exit(127, { startError: `no such command: ${poison}` });
    },
  }),
);
after(() => server[Symbol.asyncDispose]());

/** All that print something of a container, of the machine, or of what went wrong. */
const commandLines = [
  ['ps'],
  ['ps', '--no-trunc', '--format', 'table {{.ID}}\t{{.Command}}\t{{.Labels}}\t{{.Mounts}}'],
  ['ps', '--format', 'json'],
  ['top', 'web'],
  ['top', 'web', '--format', 'json'],
  ['inspect', 'web'],
  ['events', '--until', '0s'],
  ['events', '--until', '0s', '--format', 'json'],
  ['stats', '--no-stream'],
  ['explain', 'web'],
  ['explain', 'web', '--format', 'json'],
  ['info'],
  ['version'],
  ['system', 'df'],
  ['system', 'df', '-v'],
  ['images'],
  ['volume', 'ls'],
  ['network', 'ls'],
  ['stop', poison],
  ['create', '/srv/root'],
  ['run', '/srv/root', 'x'],
  ['run', '--name', poison, `--${poison}`],
  [poison],
  ['inspect', '-f', `{{${poison}}}`, 'web'],
];

/** To a terminal and elsewhere alike: of what is not layout, only what can be seen. */
for (const args of commandLines) {
  test(
    `likerctl ${args.map((arg) => arg.replace(poison, '…')).join(' ')} prints no control characters`,
    patience,
    async () => {
      const { stdout, stderr } = await likerctl(server.socketPath, ...args);
      const printed = stdout + stderr;
      assert.doesNotMatch(printed.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
      assert.doesNotMatch(printed, /^fake row/m);
      assert.match(printed, /owned/);
    },
  );
}

/** Templates, which print to a terminal what can be seen, and to a program what there is, as ls does. */
const templates = [
  ['ps', '--format', '{{.Label "tier"}}', `front${poison}`, `front${shown}`],
  ['ps', '--format', '{{.Label "tier"}}\t{{.State}}', `front${poison}\trunning`, `front${shown}\trunning`],
  [
    'inspect',
    '-f',
    '{{.Config.User}}{{println}}{{join .Args "\\n"}}',
    `app${poison}\n-c${poison}\nsleep 1000000${poison}`,
    `app${shown}\n-c${shown}\nsleep 1000000${shown}`,
  ],
  [
    'inspect',
    '-f',
    '{{len .Config.User}} {{printf "%q" .Config.User}}',
    `${Buffer.byteLength(`app${poison}`)} "app${shown}"`,
    `${Buffer.byteLength(`app${poison}`)} "app${shown}"`,
  ],
  ['events', '--format', '{{.Actor.Attributes.label}}', `v${poison}`, `v${shown}`],
  ['info', '--format', '{{.Name}}', `h${poison}`, `h${shown}`],
  ['version', '--format', '{{.Server.Version}}', `1${poison}`, `1${shown}`],
] as const;

for (const [command, flag, template, piped, onTerminal] of templates) {
  test(`${command} ${flag} '${template}' is raw in a pipe and escaped on a terminal`, patience, async () => {
    const args = [
      command,
      flag,
      template,
      ...(command === 'inspect' ? ['web'] : []),
      ...(command === 'events' ? ['--until', '0s'] : []),
    ];
    const { stdout, stderr } = await likerctl(server.socketPath, ...args);
    assert.equal(stdout, `${piped}\n`, stderr);
    const terminal = new TerminalLikerctl(server.socketPath, args);
    await terminal.ended;
    assert.equal(terminal.output.replaceAll('\r\n', '\n'), `${onTerminal}\n`);
  });
}

test('JSON is the same in a pipe and on a terminal', patience, async () => {
  const { stdout } = await likerctl(server.socketPath, 'inspect', 'web');
  assert.equal(JSON.parse(stdout)[0].Config.User, `app${poison}`);
  const terminal = new TerminalLikerctl(server.socketPath, ['inspect', '-f', '{{json .Config.User}}', 'web']);
  await terminal.ended;
  assert.equal(JSON.parse(terminal.output), `app${poison}`);
});

test('output of a container is passed on unchanged', patience, async () => {
  const { stdout } = await likerctl(server.socketPath, 'logs', 'web');
  assert.equal(stdout, poison);
});
