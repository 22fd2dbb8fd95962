import { mergeLimits } from '../../../kernel/cgroup/resources.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Container } from '../container.ts';
import { checkLimits, mergeApplied } from '../limits.ts';
import { livePhase } from '../phase.ts';
import { writeRunRecord } from '../run-record.ts';
import type { AppliedLimit, Resources } from '../spec.ts';

/**
 * Changes limits, of a container that lives at once and in the order that the kernel needs. What does not fit together
 * with the limits that stay, and what the kernel refuses, changes nothing.
 */
export function updateContainer(
  context: EngineContext,
  container: Container,
  change: Resources,
): readonly AppliedLimit[] {
  const { spec, facts } = container;
  const resources = mergeLimits(spec.resources, change);
  checkLimits(context, { ...spec, resources });
  // What cannot be stored is refused before the kernel hears of it.
  context.ledger.decide(container, { spec: { ...spec, resources } });
  try {
    const applied = livePhase(container.phase) ? cgroupOf(context, container).update(change) : [];
    const changed = Object.fromEntries(applied.map(({ knob, effective }) => [knob, effective]));
    context.ledger.change(
      container,
      { facts: { appliedLimits: mergeApplied(facts.appliedLimits, applied) } },
      { action: 'update', attributes: changed },
    );
    if (livePhase(container.phase)) writeRunRecord(context, container);
    return applied;
  } catch (error) {
    context.ledger.change(container, { spec });
    throw error;
  }
}
