import { containers, logs as logService, stats as statsService } from '../client/connection/methods.ts';
import { openAttach, openExec } from '../client/session/call.ts';
import { asError, hasReason, LikerError } from '../common/errors.ts';
import type { Container as ContainerInfo } from '../proto/gen/types/liker/v1/Container.ts';
import type { ContainerStats } from '../proto/gen/types/liker/v1/ContainerStats.ts';
import type { ExecStartInput } from '../proto/gen/types/liker/v1/ExecStart.ts';
import type { ExitStatus } from '../proto/gen/types/liker/v1/ExitStatus.ts';
import type { LogEntry } from '../proto/gen/types/liker/v1/LogEntry.ts';
import type { CallOptions, Engine } from './engine.ts';
import { Files } from './files.ts';
import {
  type Egress,
  egressPolicy,
  envList,
  type Limits,
  type ProcessOptions,
  resources,
} from './options.ts';
import { Process, type SessionOptions } from './process.ts';
import { requestId } from './request-id.ts';
import { timestamp } from './time.ts';
import { type Condition, type WaitOptions, waitFor } from './wait-for.ts';

/** How a process is started in a container. */
export interface ExecOptions extends SessionOptions, ProcessOptions {}

/** Which part of a log is read. */
export interface LogOptions extends CallOptions {
  /** Wait for more until the container ends. */
  readonly follow?: boolean;
  /** Only the last lines. */
  readonly tail?: number;
  readonly since?: Date;
  readonly until?: Date;
}

/** How a container is stopped. */
export interface StopOptions extends CallOptions {
  /** Seconds before SIGKILL. Default: the container's own. */
  readonly timeoutSeconds?: number;
  /** Default: the container's own. */
  readonly stopSignal?: NodeJS.Signals;
}

/**
 * A container. At the end of the scope of `await using` it is removed, whatever it does then.
 *
 * @example
 * await using other = await liker.containers.run({ image, cmd: ['sleep', '1000'], limits: { memory: '64m' } });
 * const job = await other.exec(['cat'], { stdin: 'hello' });
 * console.log((await job.output()).stdout.toString()); //> hello
 */
export class Container implements AsyncDisposable {
  readonly id: string;
  /** When this handle was made. */
  readonly name: string;
  /** What is not done of what was asked, such as limits that this machine does not have. */
  readonly warnings: readonly string[];
  /** Its files. */
  readonly files: Files;
  readonly #engine: Engine;

  /** @internal */
  constructor(engine: Engine, { id, spec }: ContainerInfo, warnings: readonly string[] = []) {
    this.#engine = engine;
    this.id = id;
    this.name = spec?.name ?? '';
    this.warnings = warnings;
    this.files = new Files(engine, id);
  }

  /** Starts a process in the container. It is killed when it is aborted, late, or left behind by this program. */
  exec(args: readonly string[], options: ExecOptions = {}): Promise<Process> {
    const { tty, stdin, signal, timeoutMs, env, cwd = '', user = '' } = options;
    const size = typeof tty === 'object' ? { ...tty, xPixels: 0, yPixels: 0 } : null;
    const start: ExecStartInput = {
      container: this.id,
      process: {
        args: [...args],
        env: envList(env),
        cwd,
        user,
        tty: size !== null || tty === true,
        terminalSize: size,
        openStdin: stdin !== undefined && stdin !== false,
      },
      onDisconnect: 'ON_DISCONNECT_KILL',
      requestId: requestId(),
      direct: false,
    };
    return Process.open(this.#engine, () => openExec(this.#engine.connection, start), {
      tty,
      stdin,
      signal,
      timeoutMs,
    });
  }

  /** Connects to the main process: what it has written lately, and what comes. Leaving it does nothing to the process. */
  async attach({ signal }: CallOptions = {}): Promise<Process> {
    const { spec } = await this.inspect({ signal });
    const { tty = false, openStdin = false } = spec?.process ?? {};
    const start = { container: this.id, direct: false };
    return Process.open(this.#engine, () => openAttach(this.#engine.connection, start), {
      tty,
      stdin: openStdin,
      signal,
    });
  }

  /** Starts the main process. */
  async start(options: CallOptions = {}): Promise<void> {
    await this.#engine.call(
      containers.StartContainer,
      { container: this.id, requestId: requestId() },
      options,
    );
  }

  /** Asks the main process to stop, and kills it if it does not. */
  async stop({ timeoutSeconds, stopSignal = '' as NodeJS.Signals, signal }: StopOptions = {}): Promise<void> {
    const request = {
      container: this.id,
      signal: stopSignal,
      requestId: requestId(),
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    };
    await this.#engine.call(containers.StopContainer, request, { signal });
  }

  /** Stops it if it runs, and starts it. */
  async restart(options: CallOptions = {}): Promise<void> {
    const request = { container: this.id, requestId: requestId() };
    await this.#engine.call(containers.RestartContainer, request, options);
  }

  /** Sends a signal to the main process. */
  async kill(name: NodeJS.Signals = 'SIGKILL', options: CallOptions = {}): Promise<void> {
    const request = { container: this.id, signal: name, requestId: requestId() };
    await this.#engine.call(containers.KillContainer, request, options);
  }

  /** Freezes its processes. */
  async pause(options: CallOptions = {}): Promise<void> {
    await this.#engine.call(containers.PauseContainer, { container: this.id }, options);
  }

  /** Lets its processes go on. */
  async resume(options: CallOptions = {}): Promise<void> {
    await this.#engine.call(containers.ResumeContainer, { container: this.id }, options);
  }

  /** Changes limits, and what it may reach, at once. */
  async update({ limits, egress }: { readonly limits?: Limits; readonly egress?: Egress }): Promise<void> {
    await this.#engine.call(containers.UpdateContainer, {
      container: this.id,
      ...(limits && { resources: resources(limits) }),
      ...(egress !== undefined && { egress: egressPolicy(egress) }),
    });
  }

  /** Kills it if it runs, and removes it with its anonymous volumes. It is no error if it is gone. */
  async remove(options: CallOptions = {}): Promise<void> {
    const request = { container: this.id, force: true, volumes: true, requestId: requestId() };
    await this.#engine.call(containers.RemoveContainer, request, options);
  }

  /** All that likerd knows of it. */
  async inspect(options: CallOptions = {}): Promise<ContainerInfo> {
    const { container } = await this.#engine.call(containers.GetContainer, { container: this.id }, options);
    return container as ContainerInfo;
  }

  /** Where a published port is reached from the host. */
  async address(
    port: number,
    options: CallOptions = {},
  ): Promise<{ readonly host: string; readonly port: number }> {
    const { ports } = await this.inspect(options);
    const found = ports.find(({ containerPort }) => containerPort === port);
    if (!found)
      throw new LikerError('BAD_ARGUMENT', `Container '${this.name}' does not publish its port ${port}`);
    return { host: found.hostAddress, port: found.hostPort };
  }

  /** Resolves when its main process has ended, to how it has. */
  async wait(options: CallOptions = {}): Promise<ExitStatus> {
    return waitFor(this.#engine, this, { exit: true }, options) as Promise<ExitStatus>;
  }

  /**
   * Resolves when a condition holds: a line of the log, a port that is listened at, an answer of HTTP, a command that succeeds, a health
   * check, or the end, for which it resolves to the exit status. Rejects with WRONG_STATE if the container ends before.
   */
  waitFor(condition: Condition & { readonly exit: true }, options?: WaitOptions): Promise<ExitStatus>;
  waitFor(condition: Condition, options?: WaitOptions): Promise<ExitStatus | undefined>;
  waitFor(condition: Condition, options: WaitOptions = {}): Promise<ExitStatus | undefined> {
    return waitFor(this.#engine, this, condition, options);
  }

  /** What it uses, at once and then at each interval, until it is removed. */
  async *stats({
    intervalMs = 1000,
    signal,
  }: CallOptions & { readonly intervalMs?: number } = {}): AsyncGenerator<ContainerStats, void, undefined> {
    const interval = { seconds: Math.floor(intervalMs / 1000), nanos: (intervalMs % 1000) * 1e6 };
    const request = { containers: [this.id], interval };
    for await (const { snapshot } of this.#engine.stream(statsService.StreamStats, () => request, {
      follows: true,
      signal,
    }))
      yield* snapshot?.containers ?? [];
  }

  /** The entries of its log: lines, or parts of long ones. */
  async *logs({
    follow = false,
    tail,
    since,
    until,
    signal,
  }: LogOptions = {}): AsyncGenerator<LogEntry, void, undefined> {
    let cursor = '';
    const request = () => ({
      container: this.id,
      follow,
      cursor,
      ...(tail !== undefined && { tail }),
      ...(since && { since: timestamp(since) }),
      ...(until && { until: timestamp(until) }),
    });
    const options = { follows: follow, signal };
    for await (const response of this.#engine.stream(logService.ReadLogs, request, options)) {
      yield* response.entries;
      cursor = response.cursor;
    }
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.remove();
    } catch (error) {
      if (!hasReason(asError(error), 'CONTAINER_NOT_FOUND')) throw error;
    }
  }
}
