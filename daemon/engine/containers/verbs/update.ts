import type { HugetlbLimit } from '../../../kernel/cgroup/resources.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import { firewallPart } from '../../networks/host/firewall-ports.ts';
import { policeLive } from '../../networks/host/policing.ts';
import { egressText } from '../../networks/model/egress.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { mergeLimits, type Resources } from '../model/resources.ts';
import type { AppliedLimit, ContainerChange, ContainerSpec } from '../model/spec.ts';
import { changeRates } from '../resources/interface-rate.ts';
import { changeFirewall } from '../resources/network-priority.ts';
import { limitNetwork } from '../resources/network-rate.ts';
import { writeRunRecord } from '../resources/run-record.ts';
import { checkChange } from '../rules/check-spec.ts';
import { requirePolicing } from '../rules/egress.ts';
import { checkLimits, mergeApplied } from '../rules/limits.ts';
import { checkNetwork, hasOwnInterfaces, problemBefore, rateOf } from '../rules/network-rate.ts';

/**
 * Changes limits (of a running container at once, and in the order that the kernel needs) the restart policy, and what it may reach. What does not fit together
 * with the limits that stay, and what the kernel refuses, changes nothing.
 */
export async function updateContainer(
  context: EngineContext,
  container: Container,
  { limits: change, restart, egress }: ContainerChange,
): Promise<readonly AppliedLimit[]> {
  const { spec, facts } = container;
  checkChange(spec, { limits: change, restart, egress });
  const resources = mergeLimits(spec.resources, change);
  rateOf(resources.network);
  checkLimits(context, { ...spec, resources });
  const isLive = livePhase(container.phase) !== null;
  if (!isLive) checkNetwork(context, { ...spec, resources });
  const next = { ...spec, resources, restart: restart ?? spec.restart, egress: egress ?? spec.egress };
  if (egress !== null) requirePolicing(context, next, 'egress');
  // What cannot be stored is refused before the kernel hears of it.
  context.ledger.decide(container, { spec: next });
  try {
    if (egress !== null) await policeLive(context, container);
    const applied = isLive
      ? await apply(context, container, { change, resources, before: spec.resources })
      : [];
    const changed = {
      ...Object.fromEntries(applied.map(({ knob, effective }) => [knob, effective])),
      ...(egress !== null && { egress: egressText(egress) }),
    };
    context.ledger.change(
      container,
      { facts: { appliedLimits: mergeApplied(facts.appliedLimits, applied) } },
      { action: 'update', attributes: changed },
    );
    if (isLive) writeRunRecord(context, container);
    return applied;
  } catch (error) {
    context.ledger.change(container, { spec });
    if (egress !== null) await policeLive(context, container);
    throw error;
  }
}

/** All of it or nothing: what is not of the cgroup first, as it can be put back. */
async function apply(
  context: EngineContext,
  container: Container,
  { change, resources, before }: { change: Resources; resources: Resources; before: Resources },
): Promise<readonly AppliedLimit[]> {
  const { spec } = container;
  const { rateBits, ceilBits } = change.network;
  const strict = { ...spec, limits: 'strict' } as const;
  const set = async (limits: Resources) => setRates(context, container, { ...strict, resources: limits });
  const isChanged = rateBits !== null || ceilBits !== null;
  const network = isChanged ? await set(resources) : null;
  const marked = (limits: Resources) =>
    firewallPart(context, { ...container, spec: { ...spec, resources: limits } });
  try {
    await changeFirewall(context, marked(before), marked(resources));
    // The two limits of a page size depend on each other.
    const isNamed = ({ pageSize }: HugetlbLimit) =>
      change.hugetlb.some((limit) => limit.pageSize === pageSize);
    const hugetlb = resources.hugetlb.filter(isNamed);
    const applied = cgroupOf(context, container).update({ ...change, hugetlb });
    if (network === null) return applied;
    context.ledger.remember(container, { shapedNamespace: network.shapedNamespace });
    return [...applied, ...network.applied];
  } catch (error) {
    if (network !== null) await set(withoutRate(before));
    await changeFirewall(context, marked(resources), marked(before));
    throw error;
  }
}

async function setRates(
  context: EngineContext,
  container: Container,
  spec: ContainerSpec,
): Promise<ReturnType<typeof limitNetwork>> {
  if (!hasOwnInterfaces(spec)) return limitNetwork(context, container, spec);
  const problem = problemBefore(context, spec);
  if (problem !== null) throw problem;
  const applied = await changeRates(context, container, spec);
  return { applied, shapedNamespace: container.facts.shapedNamespace };
}

/** The limits as they were: where there was no rate, one of 0 ends it. */
function withoutRate({ network, ...others }: Resources): Resources {
  return { ...others, network: { ...network, rateBits: network.rateBits ?? 0 } };
}
