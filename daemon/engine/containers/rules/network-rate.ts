import { asError, badArgument, LikerError } from '../../../../common/errors.ts';
import type { KnobPlace } from '../../../kernel/cgroup/knob-places.ts';
import { isAble } from '../../../kernel/cni/config.ts';
import type { NetworkNamespace, Rate } from '../../../kernel/network/shaping.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import type { Resources } from '../model/resources.ts';
import type { AppliedLimit, ContainerSpec } from '../model/spec.ts';

// What goes through the interfaces that likerd has made for a container is held back at their host's ends, in both directions. In a network
// namespace that others have made, what a container sends is held back where it leaves: at its interfaces. The namespace may outlive the
// container and be shared with others. Plugins of CNI limit the interfaces that they make.

export type Network = Resources['network'];
export type LimitedSpec = Pick<ContainerSpec, 'resources' | 'limits' | 'namespaces' | 'networks' | 'cni'>;

/** Whether its interfaces are those that likerd makes for it. */
export function hasOwnInterfaces({ namespaces: { network }, networks }: LimitedSpec): boolean {
  return network.kind === 'private' && !network.alone && networks.length > 0;
}

const names = { rateBits: 'network.rate_bits', ceilBits: 'network.ceil_bits' } as const;
const keys = ['rateBits', 'ceilBits'] as const;

/** The limits on what is sent as `info` tells of them. */
export function networkKnobs({ network }: EngineContext): KnobPlace[] {
  const problem = network.shapingProblem();
  const file = problem === '' ? 'htb' : '';
  return keys.map((key) => ({ knob: names[key], controller: 'tc', version: 0, file, problem }));
}

/** Null: no limit. Each of the two stands in for the other. Throws BAD_ARGUMENT when the maximum is below the rate. */
export function rateOf({ rateBits, ceilBits }: Network): Rate | null {
  const rate = rateBits || ceilBits;
  if (!rate) return null;
  const ceil = ceilBits || rate;
  if (ceil >= rate) return { rateBits: rate, ceilBits: ceil };
  throw badArgument(
    'spec.resources.network.ceil_bits',
    `Invalid network.ceil_bits ${ceil}: it is below the rate, ${rate}; give at least that`,
  );
}

export function askedRates(network: Network): { readonly knob: string; readonly requested: string }[] {
  return keys
    .filter((key) => network[key] !== null)
    .map((key) => ({ knob: names[key], requested: String(network[key]) }));
}

export function refused(network: Network, why: string, cause?: unknown): LikerError {
  const [{ knob = '', requested = '' } = {}] = askedRates(network);
  return new LikerError('LIMIT_REFUSED', `Cannot set ${knob} to ${requested}: ${why}`, {
    cause,
    field: `spec.resources.${knob}`,
    metadata: { controller: 'tc', knob, requested },
  });
}

export function leftOut({ resources, limits }: LimitedSpec, error: LikerError): AppliedLimit[] {
  if (limits === 'strict') throw error;
  return askedRates(resources.network).map((limit) => ({
    ...limit,
    file: '',
    written: '',
    effective: '',
    problem: error.message,
  }));
}

/** A file that stands for the network namespace of the container; null when it has none yet. The host's counts too. */
export function namespaceFile(
  context: EngineContext,
  spec: LimitedSpec,
  live: Container['phase'] | null,
): string | null {
  const { network } = spec.namespaces;
  if (network.kind === 'host') return '/proc/self/ns/net';
  const main = live && livePhase(live)?.main;
  if (main) return `/proc/${main.pid}/ns/net`;
  if (network.kind === 'path') return network.path;
  const other = network.kind === 'container' ? livePhase(context.registry.get(network.id).phase) : null;
  return other && `/proc/${other.main.pid}/ns/net`;
}

/** Why the container cannot have the limits that it asks for; null when it can, as far as can be told before it starts. */
export function problemBefore(context: EngineContext, spec: LimitedSpec): LikerError | null {
  const { network } = spec.resources;
  const { kind } = spec.namespaces.network;
  if (network.priority && context.cgroups.layout === 'v1' && kind !== 'host' && !hasOwnInterfaces(spec))
    return noPriority(network.priority);
  if (rateOf(network) === null) return null;
  const ofCni = problemOfCni(context, spec);
  if (ofCni !== null) return ofCni;
  if (hasOwnInterfaces(spec)) return problemOfOwn(context, spec);
  if (spec.cni.length > 0) return null;
  const missing = context.network.shapingProblem();
  if (missing !== '') return refused(network, `${missing}; leave it out`);
  if (kind === 'private') return refused(network, noInterface);
  const file = namespaceFile(context, spec, null);
  return file === null
    ? null
    : tried(network, () => withNamespace(context, file, (namespace) => namespace.check()));
}

/** Why plugins of CNI cannot limit their interfaces. */
function problemOfCni({ network: { cni } }: EngineContext, spec: LimitedSpec): LikerError | null {
  const unable = spec.cni.find(({ network }) => cni && !isAble(cni.find(network), 'bandwidth'));
  if (unable === undefined) return null;
  return refused(
    spec.resources.network,
    `no plugin of the CNI network '${unable.network}' has the capability bandwidth, as bandwidth has; add it to the configuration, or leave the rate out`,
  );
}

/** What plugins with the capability bandwidth are told: they know one rate, which is not exceeded. Null: no limit. */
export function cniBandwidth(network: Network): Readonly<Record<string, number>> | null {
  const rate = rateOf(network);
  if (rate === null) return null;
  const burst = Math.max(Math.ceil(rate.ceilBits * burstSeconds), leastBurstBits);
  return { ingressRate: rate.ceilBits, ingressBurst: burst, egressRate: rate.ceilBits, egressBurst: burst };
}

/** As for other interfaces (htb.ts): what is sent in 10 ms, and at least two packets. */
const burstSeconds = 0.01;
const leastBurstBits = 2 * 1514 * 8;

/** Why interfaces that likerd makes cannot have rates. */
function problemOfOwn({ network: kernel, networks }: EngineContext, spec: LimitedSpec): LikerError | null {
  const { network } = spec.resources;
  const missing = kernel.links?.rateProblem() ?? '';
  if (missing !== '') return refused(network, `${missing}; leave it out`);
  const other = spec.networks
    .map((one) => networks.get(one.network))
    .find((one) => one.spec.driver !== 'bridge');
  if (other === undefined) return null;
  const {
    name,
    spec: { driver },
  } = other;
  return refused(
    network,
    `an interface of network '${name}' (${driver}) has no end on the host; use one of a bridge, or leave it out`,
  );
}

export function reportRates(
  network: Network,
  rate: Rate | null,
  shaped: readonly { readonly name: string; readonly effective: Rate | null }[],
): AppliedLimit[] {
  const text = (value: Rate | null) =>
    value === null ? 'none' : `rate ${value.rateBits}bit ceil ${value.ceilBits}bit`;
  const file = `tc dev ${shaped.map(({ name }) => name).join(',')}`;
  const effective = [...new Set(shaped.map((one) => text(one.effective)))].join(', ');
  return askedRates(network).map((limit) => ({
    ...limit,
    file,
    written: text(rate),
    effective,
    problem: '',
  }));
}

const noInterface =
  'it has a network namespace of its own, without an interface beside the loopback; use a network, ' +
  'such as --network bridge, or leave it out';

function noPriority(priority: number): LikerError {
  return new LikerError(
    'LIMIT_REFUSED',
    `Cannot set network.priority to ${priority}: v1's net_prio knows only the interfaces of the host; ` +
      'use --network host, or mount cgroup v2',
    { field: 'spec.resources.network.priority', metadata: { controller: 'net_prio' } },
  );
}

export function withNamespace<T>(
  context: EngineContext,
  file: string,
  use: (namespace: Pick<NetworkNamespace, 'id' | 'check' | 'shape'>) => T,
): T {
  using namespace = context.network.open(file);
  return use(namespace);
}

function tried(network: Network, attempt: () => void): LikerError | null {
  try {
    attempt();
    return null;
  } catch (error) {
    return refused(network, asError(error).message, error);
  }
}

/** As checkLimits, for the limits on what is sent and the namespace to join. */
export function checkNetwork(context: EngineContext, spec: LimitedSpec): AppliedLimit[] {
  const { network } = spec.namespaces;
  if (network.kind === 'path') context.network.checkNamespaceFile(network.path, 'spec.namespaces.network');
  const problem = problemBefore(context, spec);
  return problem === null ? [] : leftOut(spec, problem);
}
