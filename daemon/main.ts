// likerd: parses the options, claims the socket, builds the engine, serves the API, and ends on a signal.
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asError } from '../common/errors.ts';
import { tellExhausted } from '../common/exhausted.ts';
import { shimProtocol } from '../common/shim/protocol.ts';
import type { DockerApi } from './api/docker/server.ts';
import { claimSocket, type Listener } from './api/grpc/socket.ts';
import { type Api, serveApi } from './api/server.ts';
import { compose } from './compose.ts';
import { umask } from './host/closed-files.ts';
import type { Log } from './host/log.ts';
import { openLog } from './host/logging.ts';
import type { MetricsAddress } from './host/metrics-address.ts';
import { type Notifier, openNotifier } from './host/notify.ts';
import { type DaemonOptions, parseOptions } from './host/options.ts';
import { goFirst } from './host/priority.ts';
import { whenAtRest } from './host/rest.ts';
import { isRootOnHost, onHost } from './kernel/users/own-maps.ts';
import { LoopDelay } from './loop/loop-delay.ts';
import type { Metrics } from './metrics/serve.ts';
import { notifyManager, peerCredentials as peerInside, trimMemory } from './native/libliker.ts';

const peerCredentials = (fd: number) => onHost(peerInside(fd));

/** Whose members may connect to root's likerd. An ordinary user's is for him alone. */
const socketGroup = () => (isRootOnHost() ? 'liker' : null);

type Composed = Awaited<ReturnType<typeof compose>>;

process.title = 'likerd';
// A terminal or pipe that was closed must not end the daemon.
process.stderr.on('error', () => {});

try {
  const options = await parseOptions(process.argv.slice(2), process.env, packageVersion());
  if (options !== null) await run(options);
} catch (thrown) {
  console.error(`likerd: ${asError(tellExhausted(thrown, 'start')).message}`);
  process.exit(1);
}

async function run(options: DaemonOptions): Promise<void> {
  process.umask(umask);
  // Starts libuv's threads now: at the limit of processes, it would abort when it starts them later.
  await stat('/');
  if (process.getuid?.() !== 0)
    throw new Error(
      'Cannot start: likerd must be root, if only in a user namespace of its own; start it by its launcher, bin/likerd',
    );
  const log = openLog({
    level: options.logLevel,
    format: options.logFormat,
    journal: process.env['JOURNAL_STREAM'] !== undefined,
    output: process.stderr,
  });
  watchForFaults(log);
  goFirst(log);
  const notifier = openNotifier({
    env: process.env,
    send: notifyManager,
    onError: (error) => log.warn('cannot notify the service manager', { error }),
  });
  const listener = await claimSocket({
    path: options.socket,
    peerCredentials,
    env: process.env,
    group: socketGroup(),
  });
  const {
    metrics,
    docker: dockerListener,
    composed,
  } = await openParts(options, log).catch((error: unknown) => {
    listener.close();
    throw error;
  });
  metrics?.serve(composed.engine);
  const api = serve(log, listener, composed);
  const docker = dockerListener && (await serveDockerAt(dockerListener, options, composed, log));
  endOnSignal({ options, log, api, docker, composed, notifier, metrics });
  log.info('serving', { socket: options.socket, version: packageVersion(), pid: process.pid });
  tellReady(options.readyFd);
  notifier.ready(`Serving at ${options.socket}`);
  const trim = () =>
    void trimMemory().catch((error) => log.debug('cannot give memory back to the kernel', { error }));
  whenAtRest(() => composed.engine.events.range().last, 1000, trim);
  // Calls that only look leave no event. Whoever makes them again and again is not to wait for what was given back.
  whenAtRest(api.callsBegun, 20_000, trim);
}

async function openParts(options: DaemonOptions, log: Log) {
  // Before the engine, so that events of adopted containers are counted.
  const metrics = options.metrics && (await openMetricsAt(options.metrics, log));
  const docker = options.dockerSocket === null ? null : await claimMore(options.dockerSocket);
  try {
    return { metrics, docker, composed: await compose(options, log) };
  } catch (error) {
    docker?.close();
    throw error;
  }
}

/** A socket beside that of the API, with the same rights. */
function claimMore(path: string): Promise<Listener> {
  return claimSocket({ path, peerCredentials, env: {}, group: socketGroup() });
}

/** Docker's API is a bundle of its own, loaded only on request. */
async function serveDockerAt(
  listener: Listener,
  { dockerSocket }: DaemonOptions,
  { engine }: Composed,
  log: Log,
): Promise<DockerApi> {
  const { serveDocker } = await import('./api/docker/server.ts');
  const socket = dockerSocket ?? '';
  log.info("serving Docker's API", { socket });
  return serveDocker({ engine, log, version: packageVersion(), socket, listener });
}

/** Metrics are a bundle of their own, loaded only on request. */
async function openMetricsAt(address: MetricsAddress, log: Log): Promise<Metrics> {
  const { openMetrics } = await import('./metrics/serve.ts');
  const endpoint = address.kind === 'unix' ? await claimMore(address.path) : address;
  return openMetrics({ endpoint, log, version: packageVersion() });
}

function serve(log: Log, listener: Listener, { engine }: Composed): Api {
  const versions = { daemon: packageVersion(), shimProtocol };
  return serveApi({ engine, log, versions, loop: new LoopDelay(), listener, peerCredentials });
}

interface Parts {
  readonly options: DaemonOptions;
  readonly log: Log;
  readonly api: Api;
  readonly docker: DockerApi | null;
  readonly composed: Composed;
  readonly notifier: Notifier;
  readonly metrics: Metrics | null;
}

/** SIGTERM and SIGINT shut the daemon down; containers keep running unless an option says otherwise. A second signal ends it at once. */
function endOnSignal({ options, log, api, docker, composed, notifier, metrics }: Parts): void {
  let ending = false;
  const end = async (signal: string): Promise<void> => {
    if (ending) process.exit(1);
    ending = true;
    log.info('shutting down', { signal, stopContainers: options.stopContainersOnExit });
    notifier.stopping();
    try {
      metrics?.close();
      const { engine } = composed;
      // First while clients are connected; then once more, for what they have started in the meantime.
      if (options.stopContainersOnExit) await engine.stopAll();
      api.endCalls();
      docker?.endCalls();
      if (options.stopContainersOnExit) await engine.stopAll();
      // In the same turn as endCalls: clients cannot learn of an exit after it, so the next daemon has to report that.
      engine.leave();
      await Promise.all([api.close(), docker?.close()]);
      await composed.close();
    } catch (error) {
      log.error('shutdown failed', { error });
      return exitSoon(1);
    }
    log.info('ended');
    exitSoon(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal));
}

/**
 * An uncaught exception leaves the daemon in an unknown state: it ends, and a new one adopts the containers. An unhandled rejection
 * is a bug in one call: it is logged, and the daemon continues.
 */
function watchForFaults(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.error('uncaught exception', { error });
    exitSoon(1);
  });
  process.on('unhandledRejection', (reason) => {
    log.error('unhandled rejection', { error: asError(reason) });
  });
}

/** Lines logged in this turn are written at its end. */
function exitSoon(code: number): void {
  setImmediate(() => process.exit(code));
}

function tellReady(fd: number | null): void {
  if (fd === null) return;
  writeSync(fd, '\n');
  closeSync(fd);
}

function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
