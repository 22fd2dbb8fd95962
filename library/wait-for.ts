import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { containers } from '../client/connection/methods.ts';
import { LikerError } from '../common/errors.ts';
import type { Container as ContainerInfo } from '../proto/gen/types/liker/v1/Container.ts';
import type { ExitStatus } from '../proto/gen/types/liker/v1/ExitStatus.ts';
import type { LogEntry } from '../proto/gen/types/liker/v1/LogEntry.ts';
import type { CallOptions, Engine } from './engine.ts';
import type { Process } from './process.ts';
import { abortable, Deadline, waiting } from './waiting.ts';

/** What can be waited for; of several, all must hold. */
export interface Condition {
  /** A line of the log that contains the text, or fits. */
  readonly log?: string | RegExp;
  /** Something listens at this TCP port in the container. */
  readonly port?: number;
  /** An answer of HTTP without an error, to a request of this program. */
  readonly http?: string | URL;
  /** A command that exits with 0. */
  readonly exec?: readonly string[];
  /** Its health check says that it is healthy. */
  readonly health?: true;
  /** Its main process has ended. */
  readonly exit?: true;
}

/** How long is waited. */
export interface WaitOptions extends CallOptions {
  /** Reject with TIMED_OUT after so many milliseconds. */
  readonly timeoutMs?: number;
}

/** The container that is waited for. */
interface Waited {
  readonly id: string;
  readonly name: string;
  exec(args: readonly string[], options: CallOptions): Promise<Process>;
  inspect(options: CallOptions): Promise<ContainerInfo>;
  logs(options: CallOptions & { readonly follow: boolean }): AsyncIterable<LogEntry>;
}

/** How often is looked at what has no event: a socket, an answer, a command. */
const lookMs = 50;

export async function waitFor(
  engine: Engine,
  container: Waited,
  condition: Condition,
  { signal, timeoutMs }: WaitOptions,
): Promise<ExitStatus | undefined> {
  const done = new AbortController();
  using timeout = new Deadline();
  timeout.start(timeoutMs);
  const bounds = [signal, timeout.signal, done.signal].filter((bound) => bound !== undefined);
  const bound = { signal: AbortSignal.any(bounds) };
  const end = () =>
    engine.call(
      containers.WaitContainer,
      { container: container.id, condition: 'WAIT_CONDITION_NOT_RUNNING' },
      bound,
    );
  try {
    const all = Promise.all(conditions(engine, container, condition, bound.signal));
    // The log has its own end, behind its last line.
    const mustRun = Object.keys(condition).some((kind) => kind !== 'log' && kind !== 'exit');
    const over = mustRun
      ? end().then(({ exit }) => {
          throw ended(container, exit);
        })
      : all;
    await waiting(abortable(Promise.race([all, over]), bound.signal));
    return condition.exit ? ((await end()).exit ?? undefined) : undefined;
  } catch (error) {
    if (!timeout.signal.aborted || signal?.aborted) throw error;
    const what = Object.keys(condition).join(', ');
    throw new LikerError(
      'TIMED_OUT',
      `Container '${container.name}' was not ready (${what}) within ${timeoutMs} ms`,
    );
  } finally {
    done.abort();
  }
}

function ended({ name }: Waited, exit: ExitStatus | null): LikerError {
  const how = exit === null ? '' : ` with ${exit.code}`;
  return new LikerError('WRONG_STATE', `Container '${name}' ended${how} before it was ready`);
}

function conditions(
  engine: Engine,
  container: Waited,
  { log, port, http, exec, health }: Condition,
  signal: AbortSignal,
): Promise<unknown>[] {
  const waits: Promise<unknown>[] = [];
  if (log !== undefined) waits.push(logged(container, log, signal));
  if (port !== undefined) waits.push(listened(container, port, signal));
  if (http !== undefined) waits.push(repeat(() => answers(http, signal), signal));
  if (exec !== undefined) waits.push(repeat(() => succeeds(container, exec, signal), signal));
  if (health) {
    const request = { container: container.id, condition: 'WAIT_CONDITION_HEALTHY' } as const;
    waits.push(engine.call(containers.WaitContainer, request, { signal }));
  }
  return waits;
}

/** The log is followed: a long line comes in parts. */
async function logged(container: Waited, wanted: string | RegExp, signal: AbortSignal): Promise<void> {
  const fits = (line: string): boolean =>
    typeof wanted === 'string' ? line.includes(wanted) : line.search(wanted) !== -1;
  const lines = new Map<string, string>();
  for await (const { stream, data } of container.logs({ follow: true, signal })) {
    const line = (lines.get(stream) ?? '') + Buffer.from(data).toString();
    if (fits(line)) return;
    lines.set(stream, line.endsWith('\n') ? '' : line);
  }
  throw ended(container, (await container.inspect({ signal })).exit);
}

async function listened(container: Waited, port: number, signal: AbortSignal): Promise<void> {
  const { pid } = await container.inspect({ signal });
  await repeat(() => isListening(pid, port), signal);
}

/** State 0A of proc_pid_net(5) is LISTEN; the address is IP:PORT in hexadecimal digits. */
async function isListening(pid: number, port: number): Promise<boolean> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const tables = ['tcp', 'tcp6'].map((name) =>
    readFile(`/proc/${pid}/net/${name}`, 'latin1').catch(() => ''),
  );
  return (await Promise.all(tables)).some((table) =>
    table.split('\n').some((line) => {
      const [, address = '', , state] = line.trim().split(/\s+/);
      return state === '0A' && address.endsWith(local);
    }),
  );
}

async function answers(url: string | URL, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function succeeds(container: Waited, args: readonly string[], signal: AbortSignal): Promise<boolean> {
  const job = await container.exec(args, { signal });
  return (await job.exited).code === 0;
}

async function repeat(holds: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await holds())) await sleep(lookMs, undefined, { signal });
}
