import { readdirSync, statSync } from 'node:fs';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type AnsweredCall, answeredCalls, type StoredEvent, storedEvents } from '../../common/channels.ts';
import type { Services } from '../engine/api.ts';

/** From an empty list to the longest stop. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The engine's own figures, and those of Node.js. */
export class EngineFigures {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #containers = this.#gauge('liker_containers', 'Containers by state.', 'state');
  readonly #sessions = this.#gauge('liker_sessions', 'Clients attached to processes of containers.');
  readonly #lastEvent = this.#gauge('liker_event_seq', 'Number of the newest event.');
  readonly #starts = this.#counter('liker_container_starts_total', 'Containers that were started.');
  readonly #startFailures = this.#counter(
    'liker_container_start_failures_total',
    'Starts of containers that failed, by the reason of the error.',
    'reason',
  );
  readonly #events = this.#counter('liker_events_total', 'Events by what happened.', 'action');
  readonly #calls = this.#counter(
    'liker_rpc_total',
    'Calls of the API by method and gRPC status.',
    'method',
    'code',
  );
  readonly #seconds = new Histogram({
    name: 'liker_rpc_duration_seconds',
    help: 'How long calls of the API took; of streams, how long they were open.',
    labelNames: ['method'],
    buckets: secondsBuckets,
    registers: this.#registers,
  });
  readonly #onCall = (message: unknown): void => {
    const { method, code, ms } = message as AnsweredCall;
    this.#calls.inc({ method, code });
    this.#seconds.observe({ method }, ms / 1000);
  };
  readonly #onEvent = (message: unknown): void => {
    const { action, attributes } = message as StoredEvent;
    this.#events.inc({ action });
    if (action === 'start') this.#starts.inc();
    if (action === 'start_failed') this.#startFailures.inc({ reason: attributes['reason'] ?? 'INTERNAL' });
  };

  constructor(version: string) {
    const build = this.#gauge(
      'liker_build_info',
      'Always 1; the versions are its labels.',
      'version',
      'node',
    );
    build.set({ version, node: process.versions.node }, 1);
    collectDefaultMetrics({ register: this.#registry });
    this.#countFiles();
    answeredCalls.subscribe(this.#onCall);
    storedEvents.subscribe(this.#onEvent);
  }

  #gauge(name: string, help: string, ...labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: this.#registers });
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: this.#registers });
  }

  /** Replaces the library's metric, which lists /proc/self/fd: slow with thousands of open files. */
  #countFiles(): void {
    const name = 'process_open_fds';
    this.#registry.removeSingleMetric(name);
    new Gauge({
      name,
      help: 'Number of open file descriptors.',
      registers: this.#registers,
      collect() {
        this.set(openFiles());
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  async text({ system, events }: Services): Promise<string> {
    const { containers, sessions } = system.census();
    for (const [state, count] of Object.entries(containers)) this.#containers.set({ state }, count);
    this.#sessions.set(sessions);
    this.#lastEvent.set(events.range().last);
    return `${await this.#registry.metrics()}\n`;
  }

  close(): void {
    answeredCalls.unsubscribe(this.#onCall);
    storedEvents.unsubscribe(this.#onEvent);
  }
}

/** The size of the folder is the number of open files (proc_pid_fd(5), since Linux 6.2; 0 before). */
function openFiles(): number {
  const folder = '/proc/self/fd';
  return statSync(folder).size || readdirSync(folder).length;
}
