import { randomBytes } from 'node:crypto';
import { LikerError } from '../../common/errors.ts';
import { readProcess } from '../kernel/proc/processes.ts';
import { adoptAll } from './adopt.ts';
import type {
  AttachOptions,
  ContainerView,
  Created,
  CreateOptions,
  EngineApi,
  EngineInfo,
  EventRecord,
  ExecProcess,
  Filter,
  KillScope,
  LogEntry,
  ProcessView,
  ReadLogsOptions,
  Session,
  SessionSink,
  StopOptions,
  SubscribeOptions,
  TopProcess,
  WaitCondition,
} from './api.ts';
import { killProcess } from './container/client-lost.ts';
import type { Container } from './container/container.ts';
import { unseenExit } from './container/exit-status.ts';
import { containerFilter, isListedByDefault } from './container/filter.ts';
import { checkLimits, processKnobs, warningOf } from './container/limits.ts';
import { removeRecord } from './container/main-end.ts';
import { type ExitStatus, livePhase, may, requirePhase } from './container/phase.ts';
import type { AppliedLimit, ContainerSpec, OnDisconnect, Resources } from './container/spec.ts';
import { startErrorCode } from './container/start-error.ts';
import { createContainer } from './container/verbs/create.ts';
import { execInContainer } from './container/verbs/exec.ts';
import { killContainer } from './container/verbs/kill.ts';
import { pauseContainer, resumeContainer } from './container/verbs/pause.ts';
import { removeContainer } from './container/verbs/remove.ts';
import { renameContainer } from './container/verbs/rename.ts';
import { compile, startAttended, startContainer } from './container/verbs/start.ts';
import { stopContainer } from './container/verbs/stop.ts';
import { updateContainer } from './container/verbs/update.ts';
import { cgroupOf, type EngineContext, runFolder } from './context.ts';
import { subscribe } from './events.ts';
import { runExecSync } from './exec-sync.ts';
import { hostFiles } from './host-files.ts';
import { readLogs } from './logs.ts';
import { explainPlan } from './plan/explain.ts';
import type { ClientSession } from './session/client-session.ts';
import type { ContainerProcess } from './session/process.ts';

/** The engine: finds the container that a call is about and hands it to the verb. */
export class Engine implements EngineApi {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Takes over what an earlier daemon has left. Call once, before anything else. */
  adopt(): Promise<void> {
    return adoptAll(this.#context);
  }

  /** Stops every container that lives, as at the end of the machine. */
  async stopAll(): Promise<void> {
    const live = this.#context.registry.all().filter((container) => livePhase(container.phase));
    const own = { timeoutSeconds: null, signal: null };
    await Promise.allSettled(live.map((container) => stopContainer(this.#context, container, own)));
  }

  /** Lets go of all shims: they go on without a daemon. */
  leave(): void {
    for (const container of this.#context.registry.all()) {
      const { shim } = container;
      container.shim = null;
      for (const process of [container.main, ...container.execs.values()]) process?.dropSessions();
      shim?.leave();
    }
  }

  async create(spec: ContainerSpec, options: CreateOptions): Promise<Created> {
    const container = await createContainer(this.#context, spec, options);
    const problems = spec.limits === 'strict' ? [] : checkLimits(this.#context, spec);
    return { container: this.#view(container), warnings: problems.map(warningOf) };
  }

  async get(reference: string, options: { readonly withSize: boolean }): Promise<ContainerView> {
    const container = this.#find(reference);
    return this.#view(container, options.withSize ? await this.#context.layers.size(container.id) : null);
  }

  async list(options: {
    readonly all: boolean;
    readonly filters: readonly Filter[];
    readonly limit: number;
    readonly after: string;
    readonly withSize: boolean;
  }): Promise<{ readonly containers: readonly ContainerView[]; readonly next: string }> {
    const { registry, layers } = this.#context;
    const fits = containerFilter(options.filters, registry);
    const byState = options.filters.some(({ key }) => key === 'status' || key === 'exited');
    const all = registry.all().filter((c) => (options.all || byState || isListedByDefault(c)) && fits(c));
    const start = options.after ? all.findIndex((container) => container.id === options.after) + 1 : 0;
    const page = all.slice(start, start + options.limit);
    const views = await Promise.all(
      page.map(async (container) =>
        this.#view(container, options.withSize ? await layers.size(container.id) : null),
      ),
    );
    return { containers: views, next: start + options.limit < all.length ? (page.at(-1)?.id ?? '') : '' };
  }

  async start(reference: string): Promise<ContainerView> {
    const container = this.#find(reference);
    await startContainer(this.#context, container);
    return this.#view(container);
  }

  async stop(reference: string, options: StopOptions): Promise<ContainerView> {
    const container = this.#find(reference);
    await stopContainer(this.#context, container, options);
    return this.#view(container);
  }

  async restart(reference: string, options: StopOptions): Promise<ContainerView> {
    const container = this.#find(reference);
    await stopContainer(this.#context, container, options);
    await startContainer(this.#context, container);
    this.#context.ledger.event(container, { action: 'restart' });
    return this.#view(container);
  }

  async kill(reference: string, signal: number, scope: KillScope): Promise<string> {
    const container = this.#find(reference);
    await killContainer(this.#context, container, signal, scope);
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

  async rename(reference: string, newName: string): Promise<ContainerView> {
    const container = this.#find(reference);
    await renameContainer(this.#context, container, newName);
    return this.#view(container);
  }

  async remove(reference: string, options: { readonly force: boolean }): Promise<string> {
    // What is gone already is removed.
    if (this.#context.ledger.store.tombstone(reference)) return reference;
    const container = this.#find(reference);
    await removeContainer(this.#context, container, options);
    return container.id;
  }

  async prune(
    filters: readonly Filter[],
  ): Promise<{ readonly ids: readonly string[]; readonly reclaimedBytes: number }> {
    const { registry, layers } = this.#context;
    const fits = containerFilter(filters, registry);
    const ids: string[] = [];
    let reclaimedBytes = 0;
    for (const container of registry.all()) {
      if (!['created', 'exited'].includes(container.phase.state) || container.ending || !fits(container))
        continue;
      const bytes = await layers.size(container.id);
      await removeContainer(this.#context, container, { force: false });
      ids.push(container.id);
      reclaimedBytes += bytes;
    }
    return { ids, reclaimedBytes };
  }

  async wait(reference: string, condition: WaitCondition, signal: AbortSignal): Promise<ExitStatus | null> {
    const gone = this.#context.ledger.store.tombstone(reference);
    if (gone && condition !== 'next-exit') return gone.exit ? (JSON.parse(gone.exit) as ExitStatus) : null;
    const container = this.#find(reference);
    const runs = () =>
      livePhase(container.phase) !== null ||
      container.phase.state === 'restarting' ||
      container.ending !== null;
    const exit = () => (container.phase.state === 'exited' ? container.phase.exit : null);
    if (condition === 'next-exit') {
      const before = exit();
      while (runs() || exit() === before) {
        if (container.removed) return exit();
        await container.changed.next(signal);
      }
      return exit();
    }
    while (condition === 'removed' ? !container.removed : runs()) await container.changed.next(signal);
    return exit();
  }

  async top(reference: string): Promise<readonly TopProcess[]> {
    const container = this.#find(reference);
    requirePhase('read the processes of', container, container.phase.state);
    const processes = cgroupOf(this.#context, container)
      .pids()
      .map((pid) => readProcess(pid))
      .filter((process) => process !== null);
    return processes
      .map(({ ppid, tty, ...process }) => ({ ...process, parentPid: ppid, ttyDevice: tty }))
      .sort((a, b) => a.pid - b.pid);
  }

  async explain(reference: string): Promise<readonly { readonly name: string; readonly detail: string }[]> {
    const container = this.#find(reference);
    return explainPlan(planOf(this.#context, container));
  }

  async update(
    reference: string,
    change: Resources,
  ): Promise<{ readonly container: ContainerView; readonly applied: readonly AppliedLimit[] }> {
    const container = this.#find(reference);
    const applied = await container.verbs.run(async () => updateContainer(this.#context, container, change));
    return { container: this.#view(container), applied };
  }

  async run(spec: ContainerSpec, options: CreateOptions, sink: SessionSink): Promise<Session> {
    const repeated = options.requestId ? this.#context.ledger.store.request(options.requestId) : null;
    if (repeated !== null) return this.#runAgain(repeated, sink);
    return this.#startFor(await createContainer(this.#context, spec, options), sink);
  }

  /** A retry of a Run whose answer was lost: goes on where the first one got to, from the first byte. */
  #runAgain(id: string, sink: SessionSink): Promise<Session> {
    const container = this.#context.registry.byId(id);
    if (container?.phase.state === 'created') return this.#startFor(container, sink);
    const resume = { sessionId: randomBytes(8).toString('hex'), stdoutOffset: 0, stderrOffset: 0 };
    return this.attach(id, { ...attachToMain, resume }, sink);
  }

  /** Starts a container for a client that sees all of it. A command that cannot be executed is an end, not an error. */
  async #startFor(container: Container, sink: SessionSink): Promise<Session> {
    let session: ClientSession | null = null;
    try {
      await startAttended(this.#context, container, sink, (opened) => {
        session = opened;
      });
    } catch (error) {
      const code = startErrorCode(error);
      if (container.spec.autoRemove) removeRecord(this.#context, container, null);
      if (code === 125 || !session) throw error;
      return endAtOnce(
        sink,
        container.id,
        container.name,
        'main',
        unseenExit(code, (error as LikerError).message),
      );
    }
    if (!session) throw new LikerError('INTERNAL', 'The start of a container gave no session');
    return session;
  }

  async exec(
    reference: string,
    process: ExecProcess,
    options: { readonly onDisconnect: OnDisconnect },
    sink: SessionSink,
  ): Promise<Session> {
    const container = this.#find(reference);
    let session: ClientSession | null = null;
    const onSession = (opened: ClientSession) => {
      session = opened;
    };
    try {
      await execInContainer(this.#context, container, process, { ...options, sink, onSession });
    } catch (error) {
      const code = startErrorCode(error);
      if (code === 125 || !session) throw error;
      return endAtOnce(
        sink,
        container.id,
        container.name,
        '',
        unseenExit(code, (error as LikerError).message),
      );
    }
    if (!session) throw new LikerError('INTERNAL', 'The start of an exec gave no session');
    return session;
  }

  async attach(reference: string, options: AttachOptions, sink: SessionSink): Promise<Session> {
    const gone = this.#context.ledger.store.tombstone(reference);
    if (gone?.exit) return endAtOnce(sink, gone.id, gone.name, 'main', JSON.parse(gone.exit) as ExitStatus);
    const container = this.#find(reference);
    if (options.start && options.processId === 'main' && may('start', container.phase.state)) {
      const session = await this.#startFor(container, sink);
      if (options.terminalSize) container.main?.resize(options.terminalSize);
      return session;
    }
    const process = findProcess(container, options.processId);
    if (process?.attachable && (!process.exit || options.resume)) return process.attach(sink, options);
    // Who was attached and comes back after the end is told the end.
    const exit = process?.exit ?? (container.phase.state === 'exited' ? container.phase.exit : null);
    if (options.resume && exit) return endAtOnce(sink, container.id, container.name, options.processId, exit);
    requirePhase('attach', container, container.phase.state);
    throw new LikerError(
      'PROCESS_NOT_FOUND',
      `Cannot attach to process '${options.processId}' in container '${container.name}': there is none, or it has ended`,
      { metadata: { container: container.id, process: options.processId } },
    );
  }

  async startExec(
    reference: string,
    process: ExecProcess,
    options: { readonly requestId: string },
  ): Promise<ProcessView> {
    const container = this.#find(reference);
    const repeated = options.requestId ? this.#context.ledger.store.request(options.requestId) : null;
    const known = repeated === null ? null : container.execs.get(repeated);
    if (known) return viewProcess(container, known);
    const started = await execInContainer(this.#context, container, process, {
      onDisconnect: 'keep',
      requestId: options.requestId,
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
      (started) => killProcess(this.#context, container, started),
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
    return subscribe(this.#context.ledger, options, signal);
  }

  lastSeq(): { readonly last: number; readonly oldest: number } {
    const { lastSeq, oldestSeq } = this.#context.ledger.store;
    return { last: lastSeq, oldest: oldestSeq };
  }

  info(): EngineInfo {
    const { registry, paths, cgroups, identities } = this.#context;
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
      knobs: [...cgroups.knobs(), ...processKnobs],
      capabilities: identities.capabilityNames,
      seccomp: identities.seccomp,
      warnings: identities.seccomp
        ? []
        : ['libseccomp.so.2 cannot be loaded: containers have no seccomp filter'],
    };
  }

  #find(reference: string): Container {
    return this.#context.registry.find(reference);
  }

  #view(container: Container, layerBytes: number | null = null): ContainerView {
    return container.view(this.#context.layers.folders(container.id).log, layerBytes);
  }
}

const attachToMain: AttachOptions = {
  processId: 'main',
  readOnly: false,
  replay: true,
  resume: null,
  terminalSize: null,
  start: false,
};

function findProcess(container: Container, processId: string): ContainerProcess | null {
  if (processId === 'main' || processId === '') return container.main;
  const exact = container.execs.get(processId);
  if (exact) return exact;
  const matches = [...container.execs.values()].filter((exec) =>
    exec.identity.processId.startsWith(processId),
  );
  return matches.length === 1 ? (matches[0] ?? null) : null;
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

/** The plan of the container's next start, with the control groups that it would get. */
function planOf(context: EngineContext, container: Container) {
  const folder = runFolder(context, container.id);
  const cgroup = cgroupOf(context, container);
  return compile(context, container, {
    folder,
    files: hostFiles(folder, container.spec),
    cgroup,
    attended: true,
  });
}

/** A session that has nothing but an end. */
function endAtOnce(
  sink: SessionSink,
  containerId: string,
  containerName: string,
  processId: string,
  exit: ExitStatus,
): Session {
  const ready = {
    kind: 'ready',
    containerId,
    containerName,
    processId,
    sessionId: randomBytes(8).toString('hex'),
    tty: false,
    stdoutOffset: 0,
    stderrOffset: 0,
    stdinOffset: 0,
  } as const;
  sink.send(ready, () => {});
  sink.send({ kind: 'exit', exit }, () => {});
  sink.end();
  return { input: () => true, lost: () => {} };
}
