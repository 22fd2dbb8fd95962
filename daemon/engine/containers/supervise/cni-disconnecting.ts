import { asError } from '../../../../common/errors.ts';
import { retry } from '../../../loop/retry.ts';
import type { EngineContext } from '../../context.ts';
import { LeavingError } from '../../leaving.ts';
import { inTurn } from '../life/turn.ts';
import { livePhase } from '../model/phase.ts';
import { releaseLeftCni } from '../resources/cni.ts';
import { readCniRecord } from '../resources/cni-record.ts';

const pauses = { firstMs: 10_000, longestMs: 600_000 };

/** Has plugins of CNI called again that could not disconnect a container, until they have, or it runs again. */
export class CniDisconnecting {
  readonly #context: EngineContext;
  /** Containers by id. */
  readonly #going = new Set<string>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  again(id: string): void {
    if (this.#going.has(id)) return;
    this.#going.add(id);
    void retry(() => this.#isOver(id), pauses, this.#context.leaving.signal).finally(() =>
      this.#going.delete(id),
    );
  }

  async #isOver(id: string): Promise<boolean> {
    const context = this.#context;
    const container = context.registry.byId(id);
    const attempt = async (): Promise<boolean> => {
      if (container && (container.cni !== null || livePhase(container.phase) !== null)) return true;
      await releaseLeftCni(context, id);
      return readCniRecord(context, id) === null;
    };
    try {
      return await (container ? inTurn(context, container, attempt) : attempt());
    } catch (error) {
      if (error instanceof LeavingError) return true;
      context.log.warn('cannot disconnect from a network of CNI', {
        container: id,
        error: asError(error).message,
      });
      return false;
    }
  }
}
