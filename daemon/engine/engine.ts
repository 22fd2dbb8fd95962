import { LikerError } from '../../common/errors.ts';
import { shortId } from '../../common/ids.ts';
import { ownTurn } from '../loop/turns.ts';
import type { ContainerSizes } from '../storage/container-folders.ts';
import type {
  ContainerView,
  Created,
  CreateOptions,
  EngineApi,
  EngineInfo,
  KillScope,
  LogEntry,
  ProcessView,
  ReadLogsOptions,
  Repeatable,
  StopOptions,
  TopView,
  WaitCondition,
} from './api.ts';
import { adoptAll, type LeftBehind } from './containers/adopt/adopt.ts';
import { recoveryWarnings } from './containers/adopt/recover.ts';
import { killProcess } from './containers/life/kill-process.ts';
import type { Container } from './containers/model/container.ts';
import { type ExitStatus, livePhase } from './containers/model/phase.ts';
import { resultIsGone } from './containers/model/removed.ts';
import type {
  AppliedLimit,
  ContainerChange,
  ContainerSpec,
  ExecProcess,
  OnDisconnect,
} from './containers/model/spec.ts';
import { checkNetwork, networkKnobs } from './containers/resources/network-rate.ts';
import { checkLimits, processKnobs, warningOf } from './containers/rules/limits.ts';
import { attachTo, execAgain, runAgain } from './containers/verbs/attach.ts';
import { checkHealthNow } from './containers/verbs/check-health.ts';
import { createContainer } from './containers/verbs/create.ts';
import { execInContainer } from './containers/verbs/exec.ts';
import { explainContainer } from './containers/verbs/explain.ts';
import { finishBegun } from './containers/verbs/finish-begun.ts';
import { killContainer } from './containers/verbs/kill.ts';
import { listContainers } from './containers/verbs/list.ts';
import { pauseContainer, resumeContainer } from './containers/verbs/pause.ts';
import { pruneContainers } from './containers/verbs/prune.ts';
import { removeContainer } from './containers/verbs/remove.ts';
import { renameContainer } from './containers/verbs/rename.ts';
import { restartContainer } from './containers/verbs/restart.ts';
import { execAttended } from './containers/verbs/run.ts';
import { startContainer } from './containers/verbs/start.ts';
import { endLocked, stopContainer } from './containers/verbs/stop.ts';
import { topOf } from './containers/verbs/top.ts';
import { updateContainer } from './containers/verbs/update.ts';
import { waitForContainer } from './containers/verbs/wait.ts';
import { containerView } from './containers/view.ts';
import type { EngineContext } from './context.ts';
import type { Filter } from './filter.ts';
import type { EventRecord } from './journal/event.ts';
import { type SubscribeOptions, subscribe } from './journal/events.ts';
import { requestKey, resultOf } from './journal/requests.ts';
import { readLogs } from './logs.ts';
import { runExecSync } from './sessions/exec-sync.ts';
import type { AttachOptions, Session, SessionSink } from './sessions/frames.ts';
import type { ContainerProcess } from './sessions/process.ts';
import type { StatsOptions, StatsSnapshot } from './stats/model.ts';
import { readStats, watchStats } from './stats/stats.ts';
import { withSupervision } from './supervisor.ts';
import { takeCensus } from './system/census.ts';
import { measureDisk } from './system/disk-usage.ts';

/** The engine: finds the container that a call is about and hands it to the verb. */
export class Engine implements EngineApi {
  readonly #context: EngineContext;

  constructor(parts: Omit<EngineContext, 'supervision'>) {
    this.#context = withSupervision(parts);
  }

  /** Takes over what an earlier daemon has left, and continues what it had begun. Call once, before anything else. */
  async adopt(left: LeftBehind): Promise<void> {
    await adoptAll(this.#context, left);
    for (const container of this.#context.registry.all()) finishBegun(this.#context, container);
  }

  /** Stops every container that lives, as at the end of the machine: its policy holds with the next daemon. */
  async stopAll(): Promise<void> {
    this.#context.stopping.abort();
    // A start that is under way is given up; what it has made all the same is stopped.
    const begun = this.#context.registry
      .all()
      .filter((container) => livePhase(container.phase) || container.abandonStart);
    for (const container of begun) container.abandonStart?.();
    const own = { timeoutSeconds: null, signal: null };
    const stop = (container: Container) =>
      container.verbs.run(() => endLocked(this.#context, container, own));
    await Promise.allSettled(begun.map((container) => ownTurn().then(() => stop(container))));
  }

  /** Lets go of all shims: they go on without a daemon, and hold what the next one is to know. */
  leave(): void {
    this.#context.leaving.abort();
    for (const container of this.#context.registry.all()) {
      const { shim } = container;
      container.shim = null;
      container.healthWatch?.abort();
      shim?.leave();
      for (const process of [container.main, ...container.execs.values()]) process?.dropSessions();
    }
  }

  async create(spec: ContainerSpec, options: CreateOptions): Promise<Created> {
    const request = requestKey(options.requestId, 'create', spec, options.replace);
    const container = await createContainer(this.#context, spec, { ...options, request });
    const problems =
      spec.limits === 'strict'
        ? []
        : [...checkLimits(this.#context, spec), ...checkNetwork(this.#context, spec)];
    return { container: this.#view(container), warnings: problems.map(warningOf) };
  }

  async get(reference: string, options: { readonly withSize: boolean }): Promise<ContainerView> {
    const container = this.#find(reference);
    return this.#view(container, options.withSize ? await this.#context.folders.sizes(container.id) : null);
  }

  async list(options: {
    readonly all: boolean;
    readonly filters: readonly Filter[];
    readonly limit: number;
    readonly after: string;
    readonly withSize: boolean;
  }): Promise<{ readonly containers: readonly ContainerView[]; readonly next: string }> {
    const { page, next } = listContainers(this.#context, options);
    const sizes = async ({ id }: Container) =>
      options.withSize ? await this.#context.folders.sizes(id) : null;
    const views = page.map(async (container) => this.#view(container, await sizes(container)));
    return { containers: await Promise.all(views), next };
  }

  async start(
    reference: string,
    { requestId }: Repeatable,
  ): Promise<{ readonly container: ContainerView | null; readonly pid: number }> {
    const { container, request, before } = await this.#about(reference, requestId, 'start');
    if (container === null) return { container, pid: 0 };
    if (!before || !hasRun(container)) await startContainer(this.#context, container, { request });
    return { container: this.#view(container), pid: container.main?.pid ?? 0 };
  }

  async stop(reference: string, options: StopOptions & Repeatable): Promise<ContainerView | null> {
    const { container, request } = await this.#about(reference, options.requestId, 'stop', options);
    if (container === null) return null;
    await stopContainer(this.#context, container, { ...options, request });
    return this.#view(container);
  }

  async restart(reference: string, options: StopOptions & Repeatable): Promise<ContainerView> {
    const { container, request, before } = await this.#about(
      reference,
      options.requestId,
      'restart',
      options,
    );
    if (container === null) throw resultIsGone(request, reference);
    if (!before) await restartContainer(this.#context, container, { ...options, request });
    else if (!hasRun(container)) await startContainer(this.#context, container);
    return this.#view(container);
  }

  async kill(
    reference: string,
    signal: number,
    { scope, requestId }: { readonly scope: KillScope } & Repeatable,
  ): Promise<string> {
    const request = requestKey(requestId, 'kill', reference, signal, scope);
    // Without waiting for its turn: it must reach a container whose stop is waiting.
    const before = resultOf(this.#context.journal, request);
    if (before !== null) return before;
    const container = this.#find(reference);
    await killContainer(this.#context, container, signal, { scope, request });
    return container.id;
  }

  async pause(reference: string): Promise<ContainerView> {
    const container = this.#find(reference);
    await pauseContainer(this.#context, container);
    return this.#view(container);
  }

  async resume(reference: string): Promise<ContainerView> {
    const container = this.#find(reference);
    await resumeContainer(this.#context, container);
    return this.#view(container);
  }

  async rename(reference: string, newName: string, { requestId }: Repeatable): Promise<ContainerView> {
    const { container, request, before } = await this.#about(reference, requestId, 'rename', newName);
    if (container === null) throw resultIsGone(request, reference);
    if (!before) await renameContainer(this.#context, container, newName, request);
    return this.#view(container);
  }

  async remove(
    reference: string,
    { force, requestId }: { readonly force: boolean } & Repeatable,
  ): Promise<string> {
    // What is gone already is removed.
    if (this.#context.ledger.removed(reference)) return reference;
    const request = requestKey(requestId, 'remove', reference, force);
    const before = resultOf(this.#context.journal, request);
    if (before !== null && !this.#context.registry.byId(before)) return before;
    const container = this.#find(before ?? reference);
    await removeContainer(this.#context, container, { force, request });
    return container.id;
  }

  prune(filters: readonly Filter[]) {
    return pruneContainers(this.#context, filters);
  }

  async wait(
    reference: string,
    condition: WaitCondition,
    options: { readonly knownExit: number | null; readonly signal: AbortSignal },
  ): Promise<ExitStatus | null> {
    const gone = this.#context.ledger.removed(reference);
    if (gone && condition !== 'healthy') return gone.exit;
    return waitForContainer(this.#find(reference), condition, options);
  }

  async checkHealth(reference: string) {
    return checkHealthNow(this.#context, this.#find(reference));
  }

  async top(reference: string): Promise<TopView> {
    return topOf(this.#context, this.#find(reference));
  }

  async explain(reference: string): Promise<readonly { readonly name: string; readonly detail: string }[]> {
    return explainContainer(this.#context, this.#find(reference));
  }

  async update(
    reference: string,
    change: ContainerChange,
  ): Promise<{ readonly container: ContainerView; readonly applied: readonly AppliedLimit[] }> {
    const container = this.#find(reference);
    const applied = await container.verbs.run(async () => updateContainer(this.#context, container, change));
    return { container: this.#view(container), applied };
  }

  async run(spec: ContainerSpec, options: CreateOptions, sink: SessionSink): Promise<Session> {
    const request = requestKey(options.requestId, 'run', spec, options.replace);
    const repeated = resultOf(this.#context.journal, request);
    if (repeated !== null) return runAgain(this.#context, request, repeated, sink);
    const container = await createContainer(this.#context, spec, { ...options, request, attended: true });
    // Again, when another call with the same request_id has made it meanwhile.
    return runAgain(this.#context, request, container.id, sink);
  }

  async exec(
    reference: string,
    process: ExecProcess,
    { onDisconnect, requestId }: { readonly onDisconnect: OnDisconnect } & Repeatable,
    sink: SessionSink,
  ): Promise<Session> {
    const request = requestKey(requestId, 'exec', reference, process, onDisconnect);
    const before = resultOf(this.#context.journal, request);
    const container = this.#find(reference);
    if (before !== null) return execAgain(container, before, sink);
    return execAttended(this.#context, container, process, { onDisconnect, sink, request });
  }

  attach(reference: string, options: AttachOptions & Repeatable, sink: SessionSink): Promise<Session> {
    const request = options.start ? requestKey(options.requestId, 'attach', reference) : null;
    const before = resultOf(this.#context.journal, request);
    if (before !== null) return runAgain(this.#context, request, before, sink);
    return attachTo(this.#context, reference, { ...options, request }, sink);
  }

  async startExec(
    reference: string,
    process: ExecProcess,
    options: { readonly requestId: string },
  ): Promise<ProcessView> {
    const container = this.#find(reference);
    const request = requestKey(options.requestId, 'start-exec', container.id, process);
    const repeated = resultOf(this.#context.journal, request);
    if (repeated !== null) return viewProcess(container, findRepeated(container, repeated));
    const started = await execInContainer(this.#context, container, process, {
      onDisconnect: 'keep',
      request,
    });
    return viewProcess(container, started);
  }

  execSync(reference: string, process: ExecProcess, stdin: Buffer, signal: AbortSignal) {
    const container = this.#find(reference);
    const openStdin = process.openStdin || stdin.length > 0;
    return runExecSync(
      (sink, onStarted) =>
        execInContainer(
          this.#context,
          container,
          { ...process, openStdin },
          {
            onDisconnect: 'kill',
            sink,
            onSession: onStarted,
          },
        ),
      (started) => killProcess(this.#context, container, started.identity.number),
      stdin,
      signal,
    );
  }

  async processes(reference: string): Promise<readonly ProcessView[]> {
    const container = this.#find(reference);
    const { main } = container;
    const processes = [...(main ? [main] : []), ...container.execs.values()];
    return processes.map((process) => viewProcess(container, process));
  }

  async *logs(
    reference: string,
    options: ReadLogsOptions,
    signal: AbortSignal,
  ): AsyncIterable<readonly LogEntry[]> {
    yield* readLogs(this.#context, this.#find(reference), options, signal);
  }

  events(options: SubscribeOptions, signal: AbortSignal): AsyncIterable<EventRecord> {
    return subscribe(this.#context.journal, options, signal);
  }

  stats(options: Parameters<EngineApi['stats']>[0], signal: AbortSignal) {
    return readStats(this.#context, options, signal);
  }

  watchStats(
    options: StatsOptions & { readonly intervalMs: number },
    signal: AbortSignal,
  ): AsyncIterable<StatsSnapshot> {
    return watchStats(this.#context, options, signal);
  }

  lastSeq(): { readonly last: number; readonly oldest: number; readonly storeId: string } {
    return this.#context.journal.range;
  }

  info(): EngineInfo {
    const { registry, paths, cgroups, identities, journal } = this.#context;
    const states = registry.all().map((container) => container.phase.state);
    const count = (...wanted: string[]) => states.filter((state) => wanted.includes(state)).length;
    return {
      root: paths.root,
      run: paths.run,
      containers: states.length,
      running: count('running', 'orphaned', 'restarting'),
      paused: count('paused'),
      stopped: count('created', 'exited'),
      cgroupLayout: cgroups.layout,
      cgroupControllers: cgroups.controllers(),
      knobs: [...cgroups.knobs(), ...networkKnobs(), ...processKnobs],
      capabilities: identities.capabilityNames,
      seccomp: identities.seccomp,
      warnings: [
        ...(identities.seccomp
          ? []
          : ['libseccomp.so.2 cannot be loaded: containers have no seccomp filter']),
        ...(journal.problem === null ? [] : [journal.problem]),
        ...recoveryWarnings(this.#context),
      ],
    };
  }

  census() {
    return takeCensus(this.#context.registry);
  }

  diskUsage() {
    return measureDisk(this.#context);
  }

  /**
   * The container of a call. A call that is repeated because its answer was lost means the container of the first time,
   * whatever its name is now; this resolves when the work of the first call is over. Null: it has been removed since.
   */
  async #about(reference: string, requestId: string, call: string, ...asked: unknown[]) {
    const request = requestKey(requestId, call, reference, ...asked);
    const id = resultOf(this.#context.journal, request);
    const container = id === null ? this.#find(reference) : this.#context.registry.byId(id);
    if (id !== null) await container?.verbs.run(async () => {});
    return { container: container?.removed ? null : container, request, before: id !== null };
  }

  #find(reference: string): Container {
    return this.#context.registry.find(reference);
  }

  #view(container: Container, sizes: ContainerSizes | null = null): ContainerView {
    const hasLog = container.spec.logDriver !== 'none';
    return containerView(container, hasLog ? this.#context.folders.of(container.id).log : '', sizes);
  }
}

/** The process that an earlier call with the same request_id has started. */
function findRepeated(container: Container, id: string): ContainerProcess {
  const known = container.execs.get(id);
  if (known) return known;
  throw new LikerError(
    'PROCESS_NOT_FOUND',
    `Cannot answer the repeated request: the process ${shortId(id)} that it started in container '${container.name}' has ended and is not known any more; give another request_id to start a new one`,
    { metadata: { container: container.name, process: id } },
  );
}

/** It runs, or has run and ended; its start neither failed nor is still to come. */
function hasRun({ phase, facts }: Container): boolean {
  if (facts.begun?.verb === 'start' || facts.begun?.verb === 'restart') return false;
  return livePhase(phase) !== null || ('exit' in phase && phase.exit.startedAt !== null);
}

function viewProcess(container: Container, process: ContainerProcess): ProcessView {
  return {
    containerId: container.id,
    processId: process.identity.processId,
    pid: process.host?.pid ?? 0,
    spec: process.identity.spec,
    exit: process.exit,
    attachedClients: process.attachedClients,
  };
}
