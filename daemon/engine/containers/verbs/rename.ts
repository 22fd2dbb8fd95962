import { checkContainerName } from '../../../../common/ids.ts';
import type { EngineContext } from '../../context.ts';
import type { RequestKey } from '../../journal/requests.ts';
import { announce } from '../../networks/host/names.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { writeRunRecord } from '../resources/run-record.ts';
import { nameTaken } from './create.ts';

export async function renameContainer(
  context: EngineContext,
  container: Container,
  newName: string,
  request: RequestKey | null = null,
): Promise<void> {
  checkContainerName(newName, 'new_name');
  await inTurn(context, container, async () => {
    const oldName = container.name;
    if (oldName === newName) return;
    const holder = context.registry.byName(newName);
    if (holder) throw nameTaken(`rename container '${oldName}' to`, newName, holder);
    context.ledger.decide(
      container,
      { spec: { ...container.spec, name: newName }, request },
      { action: 'rename', attributes: { oldName } },
    );
    context.registry.renamed(container, oldName);
    const endpoints = context.networks.endpointsOf(container.id);
    if (endpoints.length > 0) await announce(context, container, endpoints);
    if (livePhase(container.phase)) writeRunRecord(context, container);
  });
}
