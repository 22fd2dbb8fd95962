import type { StreamNumber } from '../../common/shim/protocol.ts';
import { noBound } from '../../common/shim/protocol.ts';
import type {
  ShimExit,
  ShimListener,
  ShimProcessState,
  ShimState,
  StartFailure,
} from '../kernel/process/reports.ts';
import type { HelloAnswer, Shim } from '../kernel/process/shim.ts';

type Held = { -readonly [Key in keyof ShimProcessState]: ShimProcessState[Key] };

/**
 * A shim and the processes below it, which a test starts, ends and loses. Like a real one it goes on without a daemon, and
 * tells the next one what it holds.
 */
export class FakeShim {
  readonly pid: number;
  /** What daemons sent: 'taken 0', 'exec 1', 'signal 0 15 process'. */
  readonly received: string[] = [];
  readonly held = new Map<number, Held>();
  /** How it answers the next daemon. */
  answer: HelloAnswer = { kind: 'adopted' };
  isGone = false;
  readonly onExec: (number: number) => void;
  readonly #ended = Promise.withResolvers<void>();
  #connection: FakeConnection | null = null;
  #listener: ShimListener | null = null;

  /** `onExec`: called when a daemon asks for an exec, by its number. */
  constructor(pid: number, onExec: (number: number) => void = () => {}) {
    this.pid = pid;
    this.onExec = onExec;
    this.#hold(0);
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  connect(): Shim {
    this.#connection?.leave();
    this.#connection = new FakeConnection(this, {
      listen: (listener) => {
        this.#listener = listener;
      },
    });
    return this.#connection;
  }

  state(): ShimState {
    return { pid: this.pid, processes: [...this.held.values()] };
  }

  /** The process has started: main, or an exec by its number. */
  start(number = 0): void {
    const held = this.#hold(number);
    Object.assign(held, { state: 'running', startedAtNs: nowNs() });
    const { pid, startTime, startedAtNs } = held;
    this.#listener?.started(number, { pid, startTime, startedAtNs });
  }

  /** A step of the start failed; the shim of a container ends after it. */
  fail(number: number, failure: Partial<StartFailure> = {}): void {
    this.held.delete(number);
    const told = { errno: 2, step: 'exec', syscall: 'execve', object: '/bin/sh', ...failure };
    this.#listener?.failed(number, told);
    if (number === 0) this.die();
  }

  output(text: string, number = 0, stream: StreamNumber = 1): void {
    const held = this.#hold(number);
    const key = stream === 1 ? 'stdout' : 'stderr';
    const offset = held[key];
    held[key] += BigInt(text.length);
    this.#listener?.data(number, stream, offset, Buffer.from(text));
  }

  exit(number = 0, { code = 0, signal = 0 }: { code?: number; signal?: number } = {}): void {
    const held = this.#hold(number);
    const { stdout: stdoutTotal, stderr: stderrTotal } = held;
    const exit: ShimExit = {
      code,
      signal,
      coreDumped: false,
      exitedAtNs: nowNs(),
      stdoutTotal,
      stderrTotal,
      outputCut: false,
    };
    Object.assign(held, { state: 'ended', exit });
    this.#listener?.exit(number, exit);
  }

  /** The connection is over, as after a fault; the shim goes on. */
  lose(fault: Error | null = null): void {
    const listener = this.#listener;
    this.disconnect();
    listener?.closed(fault);
  }

  /** The shim is gone with all that it held. */
  die(): void {
    this.isGone = true;
    this.lose();
    this.#ended.resolve();
  }

  disconnect(): void {
    this.#listener = null;
    this.#connection?.closed.resolve();
    this.#connection = null;
  }

  take(number: number): void {
    this.held.delete(number);
    if (number !== 0) return;
    this.isGone = true;
    this.disconnect();
    this.#ended.resolve();
  }

  #hold(number: number): Held {
    const known = this.held.get(number);
    if (known) return known;
    const made: Held = {
      process: number,
      state: 'starting',
      pid: this.pid + 1 + number,
      startTime: String(this.pid),
      startedAtNs: 0n,
      stdout: 0n,
      stderr: 0n,
      stdoutLimit: noBound,
      stderrLimit: noBound,
      exit: null,
    };
    this.held.set(number, made);
    return made;
  }
}

/** One daemon's connection to it. */
class FakeConnection implements Shim {
  readonly #shim: FakeShim;
  readonly #to: { listen(listener: ShimListener | null): void };
  readonly closed = Promise.withResolvers<void>();
  isClosed = false;
  maxFrameBytes = Number.MAX_SAFE_INTEGER;
  readonly refusesStdin = true;
  pid: number;

  constructor(shim: FakeShim, to: { listen(listener: ShimListener | null): void }) {
    this.#shim = shim;
    this.#to = to;
    this.pid = shim.pid;
    void this.whenClosed.then(() => {
      this.isClosed = true;
    });
  }

  get whenClosed(): Promise<void> {
    return this.closed.promise;
  }

  listen(listener: ShimListener): void {
    this.#to.listen(listener);
  }

  async hello(receive: (state: ShimState) => ShimListener): Promise<HelloAnswer> {
    const { answer } = this.#shim;
    if (answer.kind === 'adopted') this.#to.listen(receive(this.#shim.state()));
    else this.leave();
    return answer;
  }

  leave(): void {
    this.#shim.disconnect();
  }

  leaveWhenEnded(): void {
    this.#to.listen(null);
  }

  knows(): boolean {
    return true;
  }

  takesPlan(): boolean {
    return true;
  }

  connected(texts: readonly string[]): void {
    this.#tell(`connected ${texts.join('|')}`);
  }

  readonly takesClients = true;

  async openClient(number: number): Promise<boolean> {
    this.#tell(`open ${number}`);
    return false;
  }

  closeClient(number: number): void {
    this.#tell(`close ${number}`);
  }

  hear(number: number, { output }: { readonly output: boolean }): void {
    this.#tell(`hear ${number} ${output}`);
  }

  taken(number: number): void {
    this.#tell(`taken ${number}`);
    this.#shim.take(number);
  }

  exec(number: number): void {
    this.#tell(`exec ${number}`);
    this.#shim.onExec(number);
  }

  signal(number: number, signal: number, scope: string): void {
    this.#tell(`signal ${number} ${signal} ${scope}`);
  }

  stdin(number: number, _session: bigint, offset: number, bytes: Buffer): void {
    this.#tell(`stdin ${number} ${offset} ${bytes}`);
  }

  closeStdin(number: number): void {
    this.#tell(`close-stdin ${number}`);
  }

  askStdinOffset(number: number): void {
    this.#tell(`ask-stdin ${number}`);
  }

  resize(number: number): void {
    this.#tell(`resize ${number}`);
  }

  limit(number: number, stream: number, offset: bigint): void {
    this.#tell(`limit ${number} ${stream} ${offset === noBound ? 'none' : offset}`);
  }

  snapshot(number: number, request: number): void {
    this.#tell(`snapshot ${number} ${request}`);
  }

  #tell(what: string): void {
    if (!this.isClosed) this.#shim.received.push(what);
  }
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
