import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { promisify } from 'node:util';
import type { Log } from '../../../daemon/host/log.ts';
import { Resolver, type ResolverOptions } from '../../../daemon/kernel/network/resolver.ts';
import { until } from '../../../test/harness/until.ts';
import type { ClientRequest } from './client.ts';
import { type Answer, type Asked, question, readAnswer } from './messages.ts';

const build = join(import.meta.dirname, '../../build');
const execute = promisify(execFile);

/** A network namespace with a loopback interface, as long as its process. */
class Namespace implements Disposable {
  readonly process: ChildProcess;

  constructor() {
    // cat ends with the test, whatever happens to it.
    this.process = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && exec cat'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get startTime(): string {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  }

  ready(): Promise<unknown> {
    return until('a network namespace', () => readFileSync(`/proc/${this.pid}/comm`, 'utf8') === 'cat\n');
  }

  get within(): string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`];
  }

  [Symbol.dispose](): void {
    this.process.kill('SIGKILL');
  }
}

async function linesOf({ within: [program = '', ...words] }: Namespace, script: string): Promise<string[]> {
  const { stdout } = await execute(program, [...words, 'sh', '-c', script]);
  return stdout.trimEnd().split('\n');
}

/** A container, as far as names go. */
export class NamedContainer implements Disposable {
  readonly id = randomBytes(32).toString('hex');
  readonly namespace = new Namespace();
  #client: {
    readonly process: ChildProcess;
    readonly lines: AsyncIterator<string>;
    readonly reader: Interface;
  } | null = null;

  get process() {
    return { pid: this.namespace.pid, startTime: this.namespace.startTime };
  }

  /** The client's result. */
  async request<Result>(request: ClientRequest): Promise<Result> {
    this.#client ??= this.#start();
    this.#client.process.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value } = await this.#client.lines.next();
    return JSON.parse(value ?? 'null') as Result;
  }

  /** Asks by UDP, all from one socket. The answers as they come. */
  async ask(...asked: readonly Asked[]): Promise<Answer[]> {
    const udp = asked.map((one) => question(one).toString('hex'));
    const answers = await this.request<string[]>({ udp });
    return answers.map((answer) => readAnswer(Buffer.from(answer, 'hex')));
  }

  /** Asks by TCP, in one row of bytes whose end follows. */
  async askByTcp(...asked: readonly Asked[]): Promise<Answer[]> {
    const messages = asked.flatMap((one) => {
      const message = question(one);
      return [Buffer.from([message.length >> 8, message.length & 255]), message];
    });
    const [all = ''] = await this.request<string[]>({ tcp: Buffer.concat(messages).toString('hex') });
    const answers: Answer[] = [];
    for (let rest = Buffer.from(all, 'hex'); rest.length > 0; ) {
      const end = 2 + rest.readUInt16BE(0);
      answers.push(readAnswer(rest.subarray(2, end)));
      rest = rest.subarray(end);
    }
    return answers;
  }

  /** The lines that a script prints. */
  async sh(script: string): Promise<string[]> {
    return await linesOf(this.namespace, script);
  }

  async dig(...args: readonly string[]): Promise<string[]> {
    const [program = '', ...rest] = [
      ...this.namespace.within,
      'dig',
      '@127.0.0.11',
      '+tries=1',
      '+timeout=20',
      ...args,
    ];
    const { stdout } = await execute(program, rest);
    return stdout.trimEnd().split('\n');
  }

  #start() {
    const [program = '', ...args] = [
      ...this.namespace.within,
      process.execPath,
      join(import.meta.dirname, 'client.ts'),
    ];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const reader = createInterface({ input: child.stdout });
    return { process: child, lines: reader[Symbol.asyncIterator](), reader };
  }

  [Symbol.dispose](): void {
    this.#client?.process.kill('SIGKILL');
    this.#client?.reader.close();
    this.namespace[Symbol.dispose]();
  }
}

const quiet = (): void => {};

function isGuard(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'liker-guard\n';
  } catch {
    return false;
  }
}

/** A machine with a resolver, in namespaces of their own. */
export class NameBox implements Disposable {
  readonly host = new Namespace();
  readonly run = mkdtempSync(join(tmpdir(), 'liker-names-'));
  readonly containers = new Map<string, NamedContainer>();
  readonly #servers: ChildProcess[] = [];
  /** What likerd logged. */
  readonly warnings: string[] = [];
  program = process.env['LIKER_RESOLVER'] ?? join(build, 'liker-resolver');

  static async open(...servers: readonly string[]): Promise<NameBox> {
    const box = new NameBox();
    box.setServers(servers);
    await box.host.ready();
    return box;
  }

  /** Those of the host's resolv.conf. */
  setServers(servers: readonly string[]): void {
    writeFileSync(join(this.run, 'resolv.conf'), servers.map((server) => `nameserver ${server}\n`).join(''));
  }

  /** A likerd's. */
  resolver(options: Pick<ResolverOptions, 'firewall'> = {}): Resolver {
    const warn = (message: string): void => void this.warnings.push(message);
    const log: Log = { error: warn, warn, info: quiet, debug: quiet };
    return new Resolver({
      run: this.run,
      log,
      processOf: (id) => this.containers.get(id)?.process ?? null,
      command: [...this.host.within, this.program],
      hostFile: join(this.run, 'resolv.conf'),
      ...options,
    });
  }

  /** The lines that a script prints on the host. */
  async sh(script: string): Promise<string[]> {
    return await linesOf(this.host, script);
  }

  async container(): Promise<NamedContainer> {
    const container = new NamedContainer();
    this.containers.set(container.id, container);
    await container.namespace.ready();
    return container;
  }

  /** A server at port 53 of the host. Its lines go to the array. */
  async server(address: string, lines: string[] = []): Promise<ChildProcess> {
    return await this.start([process.execPath, join(import.meta.dirname, 'name-server.ts'), address], lines);
  }

  async start(command: readonly string[], lines: string[] = []): Promise<ChildProcess> {
    const [program = '', ...args] = [...this.host.within, ...command];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#servers.push(child);
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => lines.push(line));
    await Promise.race([
      once(reader, 'line'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${command.join(' ')} has ended`))),
    ]);
    return child;
  }

  /** The resolvers that run. */
  pids(): number[] {
    return this.#processes().filter((pid) => !isGuard(pid));
  }

  /** Their guards. */
  guards(): number[] {
    return this.#processes().filter(isGuard);
  }

  #processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
          return /\/liker-resolver[^/]*$/.test(line[0] ?? '') && line.includes(this.run);
        } catch {
          return false;
        }
      });
  }

  namespaceOf(pid: number): string {
    return readlinkSync(`/proc/${pid}/ns/net`);
  }

  [Symbol.dispose](): void {
    for (const pid of this.pids()) process.kill(pid, 'SIGKILL');
    for (const server of this.#servers) server.kill('SIGKILL');
    for (const container of this.containers.values()) container[Symbol.dispose]();
    this.host[Symbol.dispose]();
    rmSync(this.run, { recursive: true });
  }
}
