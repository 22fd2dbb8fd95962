import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { finishMount } from './mount.ts';
import { finishUnmount } from './unmount.ts';

/** Finishes a mount that an earlier likerd had begun to make or to take away, before any call. */
export function finishMounting(context: EngineContext, container: Container): void {
  const { mounting } = container.facts;
  if (!mounting) return;
  const { verb, target } = mounting;
  const finish = verb === 'mount' ? finishMount : finishUnmount;
  const finished = inTurn(context, container, () => finish(context, container, target));
  inBackground(context, container, `cannot finish the ${verb} of an earlier likerd`, finished, { target });
}
