// Shells in the browser: node server.ts IMAGE PORT. Each tab has one, in a container of its own, and has it again after a reload.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Liker, type Process, type TerminalSize } from 'liker';
import { type WebSocket, WebSocketServer } from 'ws';

/** What a reloaded page shows again of the output. */
const keptBytes = 256 * 1024;
const largestTerminal = 1000;

const files: Readonly<Record<string, readonly [string, string]>> = {
  '/': ['./index.html', 'text/html'],
  '/page.js': ['./page.js', 'text/javascript'],
  '/xterm.css': ['@xterm/xterm/css/xterm.css', 'text/css'],
  '/xterm.mjs': ['@xterm/xterm/lib/xterm.mjs', 'text/javascript'],
  '/addon-fit.mjs': ['@xterm/addon-fit/lib/addon-fit.mjs', 'text/javascript'],
};

/** A shell, whichever page shows it. */
class Shell {
  readonly #process: Process;
  #output = Buffer.alloc(0);
  #page: WebSocket | undefined;

  constructor(process: Process) {
    this.#process = process;
  }

  /** Shows it on this page in place of another. */
  show(page: WebSocket, size: TerminalSize): void {
    this.#page?.close(4000, 'another page shows this shell');
    this.#page = page;
    page.send(this.#output);
    this.#process.resize(size);
    page.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#process.stdin.write(data);
      else this.#process.resize(sizeOf(JSON.parse(String(data))));
    });
  }

  /** Resolves when it has ended. */
  async run(): Promise<void> {
    for await (const part of this.#process) {
      if (part.kind === 'exit') this.#page?.close(1000, `the shell ended with ${part.status.code}`);
      else {
        this.#output = Buffer.concat([this.#output, part.data]).subarray(-keptBytes);
        this.#page?.send(part.data);
      }
    }
  }
}

const [image = 'debian', port = '8080'] = process.argv.slice(2);
// Its lease removes the containers when this program ends, however that happens.
const liker = new Liker({ lease: true });
const shells = new Map<string, Promise<Shell>>();

async function startShell(id: string, size: TerminalSize): Promise<Shell> {
  const box = await liker.containers.run({
    image,
    cmd: ['sleep', 'infinity'],
    network: 'none',
    limits: { memory: '256m', pids: 100 },
  });
  const env = { TERM: 'xterm-256color' };
  const shell = new Shell(await box.exec(['bash'], { tty: size, stdin: true, env }));
  void shell.run().finally(() => {
    shells.delete(id);
    return box.remove();
  });
  return shell;
}

/** The size that a page asks for. */
function sizeOf({ columns, rows }: Readonly<Record<string, unknown>>): TerminalSize {
  const bound = (given: unknown) => Math.min(Math.max(Math.trunc(Number(given)) || 1, 1), largestTerminal);
  return { columns: bound(columns), rows: bound(rows) };
}

const server = createServer(async (request, response) => {
  const [path, type] = files[request.url ?? ''] ?? [];
  if (path === undefined) return response.writeHead(404).end();
  const content = await readFile(fileURLToPath(import.meta.resolve(path)));
  return response.setHeader('content-type', type ?? '').end(content);
});

/** Pages of other sites could reach this server, too. */
const isOwn = ({ headers }: IncomingMessage): boolean =>
  headers.origin === `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const sockets = new WebSocketServer({
  server,
  verifyClient: ({ req }: { req: IncomingMessage }) => isOwn(req),
});
sockets.on('connection', async (page, request) => {
  const query = new URL(request.url ?? '', 'http://here').searchParams;
  const id = query.get('shell') ?? '';
  const size = sizeOf(Object.fromEntries(query));
  const starting = shells.get(id) ?? startShell(id, size);
  shells.set(id, starting);
  try {
    (await starting).show(page, size);
  } catch (error) {
    shells.delete(id);
    console.error(String(error));
    page.close(1011, 'the shell could not be started');
  }
});

server.listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
