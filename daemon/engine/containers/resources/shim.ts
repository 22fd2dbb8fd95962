import type { Shim } from '../../../kernel/process/shim.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import { unseenExit } from '../../process/exit-status.ts';
import type { Container } from '../model/container.ts';
import { endedBeforeStart } from '../model/phase.ts';
import type { Run } from '../model/run.ts';

/** Spawns the shim with an encoded plan, and fds that it keeps open. `run.abandon` ends it from here on, whatever it hangs in. */
export async function spawnShim(
  context: EngineContext,
  container: Container,
  run: Run,
  { plan, held }: { readonly plan: Buffer; readonly held: readonly number[] },
): Promise<Shim> {
  const spawning = context.processes.spawn(plan, held);
  run.abandon = () => {
    spawning.then(
      ({ kill }) => kill(),
      () => {},
    );
    // Its children may hang without it, and hold the connection.
    cgroupOf(context, container)
      .kill()
      .catch(() => {});
  };
  run.spawned = await spawning;
  cgroupOf(context, container).noteShim(run.spawned.pid);
  return run.spawned.shim;
}

/** The run is over, or its start has failed: the shim forgets its processes and ends. */
export async function releaseShim(context: EngineContext, container: Container): Promise<void> {
  const { run } = container;
  if (!run) return;
  if (run.spawned) return giveUp(context, container, run, run.spawned);
  const others = [...run.execs.values(), ...run.probes.values()];
  for (const { attachable, identity } of others) if (attachable) run.shim?.taken(identity.number);
  const shim = run.loseShim();
  for (const exec of others) {
    const { number } = exec.identity;
    const start = run.pendingStarts.get(number);
    run.pendingStarts.delete(number);
    // Nobody hears what the shim says about it any more.
    if (start) start.reject(endedBeforeStart(`the process in container '${container.name}'`));
    else if (!exec.exit) exec.ended(unseenExit(137, '', exec.startedAt));
  }
  run.probes.clear();
  if (!shim) return;
  shim.taken(0);
  shim.leaveWhenEnded();
  container.shimEnded = shim.whenClosed;
}

/** Of a start that has failed. */
async function giveUp(
  context: EngineContext,
  container: Container,
  run: Run,
  { shim, ended, kill }: NonNullable<Run['spawned']>,
): Promise<void> {
  // What the shim reports from here on is the end of a start that is being undone, and not the end of a run.
  shim.leaveWhenEnded();
  try {
    await cgroupOf(context, container).kill();
  } finally {
    // A shim that reported the failure ends by itself; any other, or one that nobody listened to, might stay.
    const endsByItself = run.shim === shim && !shim.isClosed && run.main?.startedAt === null;
    run.loseShim();
    if (!endsByItself) kill();
    // Until then it has the container's ports.
    container.shimEnded = ended;
  }
}
