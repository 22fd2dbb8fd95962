import { existsSync } from 'node:fs';
import { asError, LikerError } from '../../../../common/errors.ts';
import { tellSystemError } from '../../../../common/exhausted.ts';
import { makeFolder } from '../../../../common/folders.ts';
import { ringBytes } from '../../../../common/sizes.ts';
import { encodeLaunch } from '../../../kernel/plan/encode.ts';
import type { Launch } from '../../../kernel/plan/steps.ts';
import { starts } from '../../../loop/crowd.ts';
import { ownTurn } from '../../../loop/turns.ts';
import { overlayOptions } from '../../../storage/container-folders.ts';
import { StoreError } from '../../../store/errors.ts';
import { type EngineContext, rootMountPoint, runFolder } from '../../context.ts';
import type { Requested, RequestKey } from '../../journal/requests.ts';
import { unseenExit } from '../../process/exit-status.ts';
import type { HostProcess } from '../../process/host-process.ts';
import type { ClientSession } from '../../sessions/client-session.ts';
import type { SessionSink } from '../../sessions/frames.ts';
import { disarmRestart } from '../life/cancel-restart.ts';
import { cleanUpLater } from '../life/end.ts';
import { newProcess } from '../life/new-process.ts';
import { awaitStart } from '../life/pending-start.ts';
import { removeRecord } from '../life/remove-record.ts';
import { shimListener } from '../life/shim-listener.ts';
import { startErrorCode } from '../life/start-error.ts';
import { afterStart, beginStart } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import { newHealth } from '../model/health.ts';
import { containerHostname } from '../model/hostname.ts';
import { livePhase, may, requirePhase } from '../model/phase.ts';
import { Run } from '../model/run.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { containerPlan } from '../plan/container.ts';
import { hostFiles } from '../plan/host-files.ts';
import { askedUser } from '../plan/user.ts';
import { freeNetwork, limitNetwork } from '../resources/network-rate.ts';
import { checkRootfs } from '../rules/host-paths.ts';
import {
  appliedLimits,
  type ContainerDevices,
  containerDevices,
  oomScoreFor,
  warningOf,
} from '../rules/limits.ts';
import { checkPropagation } from '../rules/mounts.ts';

const usualLogFileBytes = 20 * 1024 * 1024;
const usualLogFiles = 5;

/** The client that a start is for, which sees it from the first byte. */
interface Watcher {
  readonly sink: SessionSink;
  readonly onSession: (session: ClientSession) => void;
}

/** On whose behalf a start is. */
interface StartOptions extends Requested {
  /** The restart policy wants it, not a call. */
  readonly byPolicy?: boolean;
  /** An earlier likerd had begun it. */
  readonly again?: boolean;
}

/** Starts a container that does not run. One that runs is a success without effect. */
export async function startContainer(
  context: EngineContext,
  container: Container,
  options: StartOptions = {},
): Promise<void> {
  await container.verbs.run(() => startLocked(context, container, options));
}

export async function startLocked(
  context: EngineContext,
  container: Container,
  options: StartOptions = {},
): Promise<void> {
  if (container.phase.state === 'running' && !container.run?.ending) return;
  // Stopped or removed while the restart waited for its turn.
  if (options.byPolicy && container.phase.state !== 'restarting') return;
  await launch(context, container, options);
}

/** Starts a container for a client that sees it from the first byte. One with --rm that cannot be started is removed. */
export async function startAttended(
  context: EngineContext,
  container: Container,
  watcher: Watcher,
  request: RequestKey | null,
): Promise<void> {
  await container.verbs.run(async () => {
    try {
      await launch(context, container, { watcher, request });
    } catch (error) {
      const { phase, removed, spec } = container;
      // Not one that another call has started, or removed, before this one's turn.
      if (spec.autoRemove && !removed && may('remove', phase.state))
        removeRecord(context, container, phase.state === 'exited' ? phase.exit : null);
      throw error;
    }
  });
}

async function launch(
  context: EngineContext,
  container: Container,
  {
    byPolicy = false,
    again = false,
    request = null,
    watcher = null,
  }: StartOptions & { readonly watcher?: Watcher | null },
): Promise<void> {
  await container.run?.ending;
  await container.shimEnded;
  await container.cleanUp?.();
  await ownTurn();
  if (container.removed) context.registry.find(container.id);
  requirePhase('start', container, container.phase.state);
  if (!byPolicy) forgetRestarts(context, container);
  const isWanted = async (): Promise<boolean> => {
    await requireWanted(context, container);
    return !byPolicy || container.phase.state === 'restarting';
  };
  await using undo = new AsyncDisposableStack();
  try {
    context.journal.requireStored();
    const folder = runFolder(context, container.id);
    context.folders.createRunFolder(folder);
    undo.defer(() => context.folders.removeRunFolder(folder));

    const { spec } = container;
    const devices = await containerDevices(context, spec);
    const cgroup = await context.cgroups.create(container.id, spec.resources, {
      allDevices: spec.process.privileged,
      deviceRules: devices.rules,
      mode: spec.limits,
      under: spec.cgroupParent,
    });
    undo.defer(() => cgroup.remove());
    using _place = await starts.enter();
    // What follows is the longest work of all.
    await ownTurn();
    if (!(await isWanted())) return;
    const network = limitNetwork(context, container, spec);
    undo.defer(() => freeNetwork(context, container));
    const facts = {
      cgroupPaths: cgroup.paths,
      appliedLimits: appliedLimits(context, spec, [...cgroup.applied, ...network.applied]),
      shapedNamespace: network.shapedNamespace,
      clientLost: false,
      attended: watcher !== null,
      oomKills: 0,
      oomHitMain: false,
      health: spec.healthCheck && newHealth,
      restartUnhealthy: false,
      begun: byPolicy ? afterStart(container.facts.begun) : beginStart(container.facts.begun, again),
      killsDue: {},
    };
    // A start that cannot be stored is refused before anything runs.
    context.ledger.decide(container, { facts, request });

    makeMountSources(spec);
    checkPropagation(context, spec);
    const plan = compile(context, container, { folder, devices, cgroup, attended: watcher !== null });
    const run = new Run();
    const main = newProcess(context, container, {
      shim: null,
      processId: 'main',
      number: 0,
      spec: spec.process,
      onDisconnect: spec.onDisconnect,
    });
    run.main = main;
    container.run = run;
    undo.defer(() => {
      container.run = null;
    });
    const session = watcher && main.initiate(watcher.sink);
    tellLeftOut(context, container, session);
    if (session) watcher?.onSession(session);

    const spawning = context.processes.spawn(
      encodeLaunch(plan, {
        containerId: container.id,
        runDir: folder,
        logDir: spec.logDriver === 'none' ? '' : context.folders.of(container.id).log,
        logSegmentBytes: spec.logFileBytes ?? usualLogFileBytes,
        logSegments: spec.logFiles ?? usualLogFiles,
        ringBytes,
        oomFile: cgroup.oomFile,
      }),
    );
    run.abandon = () => {
      spawning.then(
        ({ kill }) => kill(),
        () => {},
      );
      // What it has made may hang without it, and hold the connection.
      cgroup.kill().catch(() => {});
    };
    const { shim, ended, kill } = await spawning;
    undo.defer(async () => {
      await cgroup.kill();
      // A shim that reported the failure ends by itself; any other, or one that nobody listened to, might stay.
      const endsByItself = run.shim === shim && !shim.isClosed && main.startedAt === null;
      run.loseShim();
      shim.leaveWhenEnded();
      if (endsByItself) return;
      kill();
      container.shimEnded = ended;
    });
    if (!(await isWanted())) return;
    run.shim = shim;
    main.shim = shim;
    const started = awaitStart(container, run, 0);
    shim.listen(shimListener(context, container, run));
    await started;
    run.abandon = null;
    undo.move();
  } catch (thrown) {
    const error = tellSystemError(thrown, `start container '${container.name}'`);
    await undo.disposeAsync().catch((failure: unknown) => cleanUpLater(context, container, failure));
    // Refused before anything was tried: it is as it was.
    if (error instanceof StoreError && container.phase.state !== 'restarting') throw error;
    const exit = unseenExit(startErrorCode(error), asError(error).message);
    context.ledger.change(
      container,
      {
        phase: { state: 'exited', exit },
        facts: { health: null, begun: afterStart(container.facts.begun) },
      },
      { action: 'start_failed', attributes: { error: exit.startError, reason: reasonOf(error) } },
    );
    throw error;
  }
}

/** A start has waited, and nobody may want it any more. */
export async function requireWanted(context: EngineContext, container: Container): Promise<void> {
  // Whoever wants it asks the next daemon.
  if (context.leaving.signal.aborted) await new Promise<never>(() => {});
  const cannot = `Cannot start container '${container.name}'`;
  if (context.stopping.signal.aborted)
    throw new LikerError(
      'SHUTTING_DOWN',
      `${cannot}: likerd ends, and stops all containers; try again later`,
    );
  if (container.unwanted)
    throw new LikerError('WRONG_STATE', `${cannot}: it is being removed`, {
      metadata: { container: container.id },
    });
}

function reasonOf(error: unknown): string {
  return error instanceof LikerError ? error.reason : 'INTERNAL';
}

/** A start by a call begins anew with the policy's counting. */
function forgetRestarts(context: EngineContext, container: Container): void {
  disarmRestart(container);
  context.ledger.remember(container, { restartCount: 0, restartsInARow: 0, stopRequested: false });
}

/** What could not be limited is told to the client and kept as events. */
function tellLeftOut(context: EngineContext, container: Container, session: ClientSession | null): void {
  for (const limit of container.facts.appliedLimits.filter(({ problem }) => problem !== '')) {
    const { knob, requested, problem } = limit;
    session?.warn('LIMIT_REFUSED', warningOf(limit));
    context.ledger.event(container, {
      action: 'limit_not_applied',
      attributes: { knob, requested, problem },
    });
  }
}

/** Docker's -v makes a missing source on the host. */
function makeMountSources(spec: ContainerSpec): void {
  for (const mount of spec.mounts) {
    if (mount.type === 'bind' && mount.createSource && !existsSync(mount.source)) {
      makeFolder(mount.source, 0o755);
    }
  }
}

/** The plan of the container's next start, as of now. */
export function compile(
  context: EngineContext,
  container: Container,
  values: {
    folder: string;
    devices: ContainerDevices;
    cgroup: { joinFiles: readonly string[]; unified: string; paths: Readonly<Record<string, string>> };
    attended: boolean;
  },
): Launch {
  const { spec } = container;
  checkRootfs(spec.rootfs);
  const folders = context.folders.of(container.id);
  const hostname = containerHostname(container);
  const overlay = spec.rootfs.mode === 'overlay';
  // A layer that is thrown away with the container need not reach the disk; one that is mounted again must.
  if (!spec.autoRemove) context.folders.clearVolatileMark(container.id);
  return containerPlan({
    spec,
    hostname,
    mountPoint: rootMountPoint(context),
    overlay: overlayOptions(spec.rootfs.directory, folders, spec.autoRemove),
    mountsBelow: overlay ? [] : context.mounts.below(spec.rootfs.directory),
    files: hostFiles(spec, hostname),
    fileStore: values.folder,
    cgroup: values.cgroup,
    cgroupPaths: values.cgroup.paths,
    credentials: { user: askedUser(spec.process), ...context.security.rightsOf(spec, spec.process) },
    maskedPaths: context.security.maskedPaths,
    readOnlyPaths: context.security.readOnlyPaths,
    networkSysctls: context.network.sysctls,
    devices: values.devices.nodes,
    oomScore: oomScoreFor(context, spec.process),
    shared: sharedProcesses(context, container),
    attended: values.attended,
  });
}

/** First processes of the containers whose namespaces this one shares. */
function sharedProcesses(
  context: EngineContext,
  container: Container,
): Partial<Record<'pid' | 'ipc' | 'network', HostProcess>> {
  const shared: Partial<Record<'pid' | 'ipc' | 'network', HostProcess>> = {};
  for (const kind of ['pid', 'ipc', 'network'] as const) {
    const share = container.spec.namespaces[kind];
    if (share.kind !== 'container') continue;
    const other = context.registry.find(share.id);
    const live = livePhase(other.phase);
    if (!live) {
      throw new LikerError(
        'WRONG_STATE',
        `Cannot start container '${container.name}': it shares the ${kind} namespace of container '${other.name}', which is not running; start that first`,
        { metadata: { container: container.id, other: other.id, namespace: kind } },
      );
    }
    shared[kind] = live.main;
  }
  return shared;
}
