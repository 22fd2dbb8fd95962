import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LikerError } from '../../../../common/errors.ts';
import { check } from '../../../../common/schema.ts';
import { encodeLaunch, encodeLookUp } from '../../../kernel/plan/encode.ts';
import type { Shim } from '../../../kernel/process/shim.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { RequestKey } from '../../journal/requests.ts';
import { type ExecProcess, execSchema, type OnDisconnect, type ProcessSpec } from '../../process/spec.ts';
import type { ClientSession } from '../../sessions/client-session.ts';
import type { SessionSink } from '../../sessions/frames.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import { newProcess } from '../life/new-process.ts';
import { awaitStart } from '../life/pending-start.ts';
import { releaseExec } from '../life/release-exec.ts';
import { startError } from '../life/start-error.ts';
import type { Container } from '../model/container.ts';
import { containerHostname } from '../model/hostname.ts';
import { endedBeforeStart, livePhase, requirePhase, wrongState } from '../model/phase.ts';
import type { Run } from '../model/run.ts';
import { requireThawedAbove } from '../model/thawed.ts';
import { execPlan } from '../plan/exec.ts';
import { askedUser, isKnown, lookUpStep, type User } from '../plan/user.ts';
import { execRow, removeExecRecord, writeExecRecord } from '../resources/run-record.ts';
import { oomScoreFor } from '../rules/limits.ts';
import { checkExec } from '../rules/process.ts';
import { checkMapped } from '../rules/user-namespace.ts';
import { rightsOfExec } from './rights.ts';

/** How long an exec that could not be started may take to disappear before the answer is sent. */
const releaseMs = 1000;

export interface ExecOptions {
  readonly onDisconnect: OnDisconnect;
  /** A client that sees the process from the first byte. */
  readonly sink?: SessionSink;
  readonly onSession?: (session: ClientSession) => void;
  /** The process is stored as its result. */
  readonly request?: RequestKey | null;
}

/** Starts another process in a container. Whatever fails, nothing of it is left. */
export async function execInContainer(
  context: EngineContext,
  container: Container,
  request: ExecProcess,
  options: ExecOptions,
): Promise<ContainerProcess> {
  checkExec(request);
  await container.run?.reconnecting;
  await using undo = new AsyncDisposableStack();
  const { run, process, launch } = prepare(context, container, request, { ...options, undo });
  const { processId: id, number, spec } = process.identity;
  run.execs.set(id, process);
  undo.defer(() => {
    run.execs.delete(id);
  });
  // Before the shim knows of it, so that a daemon that comes after this one can tell what it is.
  const row = execRow(process);
  const event = { action: 'exec_create', attributes: { execID: id, command: spec.args[0] ?? '' } };
  context.ledger.execs.add(container, row, options.request ?? null, event);
  undo.defer(() => context.ledger.execs.undo(id));
  writeExecRecord(context, container, row);
  undo.defer(() => removeExecRecord(context, container, number));
  if (options.sink) options.onSession?.(process.initiate(options.sink));
  await launch();
  undo.move();
  return process;
}

/** Starts a probe of the health check. It leaves no record and no event: a daemon that finds it kills it. */
export async function startProbe(
  context: EngineContext,
  container: Container,
  { args, sink }: { readonly args: readonly string[]; readonly sink: SessionSink },
  onMade: (process: ContainerProcess) => void,
): Promise<void> {
  const request = check(execSchema, { args }, 'a probe');
  await using undo = new AsyncDisposableStack();
  const { run, process, launch } = prepare(context, container, request, { onDisconnect: 'kill', sink, undo });
  const { number } = process.identity;
  process.killsLeftovers = true;
  run.probes.set(number, process);
  undo.defer(() => {
    run.probes.delete(number);
  });
  process.initiate(sink);
  onMade(process);
  await launch();
  undo.move();
}

/** The first process of an exec would be frozen before it could report anything, and its client would wait (T58). */
function requireThawed(context: EngineContext, container: Container): void {
  const cgroup = cgroupOf(context, container);
  requireThawedAbove(container, cgroup, 'exec');
  if (!cgroup.frozen()) return;
  const why =
    'its cgroup is frozen: a pause is under way, or something other than Liker has frozen it; pause and unpause it';
  throw wrongState('exec in', container, why, 'exec');
}

/** A process with its number, its cgroup and its plan; `launch` resolves when it has started. */
function prepare(
  context: EngineContext,
  container: Container,
  request: ExecProcess,
  options: Pick<ExecOptions, 'onDisconnect' | 'sink'> & { readonly undo: AsyncDisposableStack },
): { readonly run: Run; readonly process: ContainerProcess; readonly launch: () => Promise<void> } {
  requirePhase('exec', container);
  requireThawed(context, container);
  const { run } = container;
  const shim = run?.shim;
  if (!shim || !livePhase(container.phase)) {
    throw new LikerError('SHIM_LOST', `Cannot exec in container '${container.name}': its shim was lost`);
  }
  const spec = withDefaults(container, request);
  const { userNamespace } = container.facts;
  checkMapped(userNamespace, spec, 'process');
  const asked = askedUser(spec);
  const rights = rightsOfExec(context.security, container.spec, { spec, request });
  if (rights.landlock.length > 0 && !shim.knows('landlock')) throw tooOld(container);
  const number = container.facts.nextExec;
  context.ledger.remember(container, { nextExec: number + 1 });
  const cgroup = cgroupOf(context, container).createExec(number);
  // In the background if it hangs: the answer does not wait for its end.
  options.undo.defer(() =>
    Promise.race([
      releaseExec(context, container, number, { kill: true }),
      sleep(releaseMs, undefined, { ref: false }),
    ]),
  );
  const process = newProcess(context, container, {
    shim,
    processId: randomBytes(32).toString('hex'),
    number,
    spec,
    onDisconnect: options.onDisconnect,
  });
  const planFor = (user: User): Buffer => {
    const plan = encodeLaunch(
      execPlan({
        container: container.spec,
        hostname: containerHostname(container),
        process: spec,
        cgroup,
        credentials: { user, ...rights },
        userNamespace: userNamespace && { kind: 'own', maps: userNamespace.maps },
        oomScore: oomScoreFor(context, spec),
        attended: options.sink !== undefined,
      }),
    );
    if (!shim.takesPlan(plan.length)) throw tooLarge(container, plan.length, shim.maxFrameBytes);
    return plan;
  };
  const plan = planFor(asked);
  const launch = async () => {
    const user = await userFor(context, container, shim, asked);
    const last = user === asked ? plan : planFor(user);
    const started = awaitStart(container, run, number);
    shim.exec(number, last);
    return started;
  };
  return { run, process, launch };
}

/** The shim's limit is above the kernel's, except for a shim of an earlier version, which takes less. */
function tooLarge({ name }: Container, bytes: number, most: number): LikerError {
  return new LikerError(
    'BAD_ARGUMENT',
    `Cannot exec in container '${name}': its arguments and environment, with those of the container, take ${bytes} bytes, and at most ${most} fit; pass less, or a file`,
    { field: 'process.args', metadata: { container: name, bytes: String(bytes), most: String(most) } },
  );
}

function tooOld({ name, id }: Container): LikerError {
  return new LikerError(
    'WRONG_STATE',
    `Cannot limit a process in container '${name}' by landlock: the container was started by an earlier version of likerd; restart it first`,
    { metadata: { container: id } },
  );
}

/** As asked for; looked up beforehand for a shim of an earlier version, which cannot do it. */
async function userFor(context: EngineContext, container: Container, shim: Shim, user: User): Promise<User> {
  if (isKnown(user) || shim.knows('look-up-user')) return user;
  const what = `the process in container '${container.name}'`;
  const live = livePhase(container.phase);
  const found = live && (await context.processes.lookUp(encodeLookUp(live.main, lookUpStep(user))));
  if (!found || container.run?.shim !== shim || shim.isClosed) throw endedBeforeStart(what);
  if ('errno' in found) throw startError(what, found);
  return found;
}

/** Environment, user and directory default to the container's; its additional groups come along. */
function withDefaults(container: Container, request: ExecProcess): ProcessSpec {
  const main = container.spec.process;
  return {
    ...request,
    env: [...main.env, ...request.env],
    cwd: request.cwd ?? main.cwd,
    user: request.user ?? main.user,
    additionalGroups: [...main.additionalGroups, ...request.additionalGroups],
    noNewPrivileges: request.noNewPrivileges || main.noNewPrivileges,
    rlimits: request.rlimits.length > 0 ? request.rlimits : main.rlimits,
    privileged: request.privileged || main.privileged,
    oomScoreAdj: request.oomScoreAdj ?? main.oomScoreAdj,
  };
}
