import { parseSignal } from '../../../../common/signals.ts';
import type { ContainerView } from '../../../engine/containers/api.ts';
import { livePhase } from '../../../engine/containers/model/phase.ts';
import type { Door } from '../door.ts';
import { type Answer, empty } from '../http/answer.ts';
import { type Call, flagOf, nameOf, numberOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';
import { sizeOfQuery } from '../sessions/size.ts';
import { forEver } from './parse-spec.ts';

// What changes the state of a container's life.

function get({ engine }: Door, call: Call): Promise<ContainerView> {
  return engine.containers.get(nameOf(call), { withSize: false });
}

/** One with --rm that cannot be started is removed: its client waits for that. */
export async function startContainer(door: Door, call: Call): Promise<Answer> {
  const { id, phase, spec } = await get(door, call);
  if (phase.state === 'running') return empty(304);
  try {
    await door.attaches.start(id);
  } catch (error) {
    if (spec.autoRemove)
      await door.engine.containers.remove(id, { force: false, volumes: true, requestId: '' }).catch(() => {});
    throw error;
  }
  return empty();
}

export async function stopContainer(door: Door, call: Call): Promise<Answer> {
  const { id, phase } = await get(door, call);
  if (livePhase(phase) === null && phase.state !== 'restarting') return empty(304);
  await door.engine.containers.stop(id, stopOptions(call));
  return empty();
}

export async function restartContainer(door: Door, call: Call): Promise<Answer> {
  await door.engine.containers.restart(nameOf(call), stopOptions(call));
  return empty();
}

/** -1: for ever. */
function stopOptions(call: Call) {
  const seconds = numberOf(call, 't');
  return {
    timeoutSeconds: seconds !== null && seconds < 0 ? forEver : seconds,
    signal: signalOf(call),
    requestId: '',
  };
}

function signalOf({ query }: Call): number | null {
  const signal = query.get('signal') ?? '';
  return signal === '' ? null : parseSignal(signal, 'signal');
}

export async function killContainer(door: Door, call: Call): Promise<Answer> {
  const { id, phase } = await get(door, call);
  if (livePhase(phase) === null && phase.state !== 'restarting')
    throw new HttpError(409, `cannot kill container: ${nameOf(call)}: container ${id} is not running`);
  await door.engine.containers.kill(id, signalOf(call) ?? parseSignal('KILL', 'signal'), {
    scope: 'main',
    requestId: '',
  });
  return empty();
}

export async function pauseContainer(door: Door, call: Call): Promise<Answer> {
  const { id, phase } = await get(door, call);
  if (phase.state === 'paused') throw new HttpError(409, `Container ${id} is already paused`);
  await door.engine.containers.pause(id);
  return empty();
}

export async function unpauseContainer(door: Door, call: Call): Promise<Answer> {
  const { id, phase } = await get(door, call);
  if (phase.state !== 'paused') throw new HttpError(409, `Container ${id} is not paused`);
  await door.engine.containers.resume(id);
  return empty();
}

export async function renameContainer(door: Door, call: Call): Promise<Answer> {
  const name = (call.query.get('name') ?? '').replace(/^\//, '');
  const { id, spec } = await get(door, call);
  if (name === spec.name)
    throw new HttpError(400, 'Renaming a container with the same name as its current name');
  await door.engine.containers.rename(id, name, { requestId: '' });
  return empty();
}

export async function removeContainer(door: Door, call: Call): Promise<Answer> {
  if (flagOf(call, 'link')) throw new HttpError(400, 'Cannot remove a link: containers have none');
  const { id, spec, phase } = await get(door, call);
  const force = flagOf(call, 'force');
  if (!force && (livePhase(phase) !== null || phase.state === 'restarting'))
    throw new HttpError(
      409,
      `cannot remove container "/${spec.name}": container is ${phase.state}: stop the container before removing or force remove`,
    );
  await door.engine.containers.remove(id, { force, volumes: flagOf(call, 'v'), requestId: '' });
  return empty();
}

export async function resizeContainer(door: Door, call: Call): Promise<Answer> {
  const { id, phase } = await get(door, call);
  const size = sizeOfQuery(call);
  if (size !== null) await door.attaches.resize(id, size, livePhase(phase) !== null);
  return empty(200);
}
