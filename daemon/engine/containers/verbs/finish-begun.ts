import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { surelyResumeAfterCommit } from './pause.ts';
import { removeLocked } from './remove.ts';
import { startAgain } from './restart.ts';
import { startLocked } from './start.ts';
import { finishEnding } from './stop.ts';

/** Finishes what an earlier likerd had begun with a container. It takes the container's turn at once, before any call. */
export function finishBegun(context: EngineContext, container: Container): void {
  const resumed = surelyResumeAfterCommit(context, container);
  inBackground(context, container, 'cannot resume it after a commit of an earlier likerd', resumed);
  const { begun } = container.facts;
  if (!begun) return;
  const { verb } = begun;
  context.log.info('finishing an operation of an earlier likerd', { container: container.id, verb });
  const finished = inTurn(context, container, () => finish(context, container));
  const what = 'cannot finish an operation of an earlier likerd';
  inBackground(context, container, what, finished, { verb });
}

async function finish(context: EngineContext, container: Container): Promise<void> {
  // Settled, if it was a start that the shim has reported since.
  const { begun } = container.facts;
  if (!begun) return;
  const { verb, ending, again } = begun;
  if (verb === 'remove') return removeLocked(context, container, { force: true });
  if (ending) await finishEnding(context, container, verb, ending);
  if (verb !== 'start' && verb !== 'restart') return;
  if (again) {
    context.log.error('two daemons died during this start; it is not retried', { container: container.id });
    context.ledger.change(container, { facts: { begun: null } });
  } else if (verb === 'restart') await startAgain(context, container, { again: true });
  // The client repeats the call, and must see the whole output.
  else if (!container.facts.attended) await startLocked(context, container, { again: true });
}
