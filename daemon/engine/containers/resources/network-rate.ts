import { asError, badArgument, LikerError } from '../../../../common/errors.ts';
import type { KnobPlace } from '../../../kernel/cgroup/knob-places.ts';
import type { NetworkNamespace, Rate } from '../../../kernel/network/shaping.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import type { Resources } from '../model/resources.ts';
import type { AppliedLimit, ContainerSpec } from '../model/spec.ts';
import type { RunResource } from './run-resource.ts';

// What a container sends is held back where it leaves: at the interfaces of its network namespace, in the same way on
// every layout of cgroups. The namespace may outlive the container and be shared with others.

type Network = Resources['network'];
type LimitedSpec = Pick<ContainerSpec, 'resources' | 'limits' | 'namespaces'>;

const names = { rateBits: 'network.rate_bits', ceilBits: 'network.ceil_bits' } as const;
const keys = ['rateBits', 'ceilBits'] as const;

/** The limits on what is sent as `info` tells of them. */
export function networkKnobs({ network }: EngineContext): KnobPlace[] {
  const problem = network.shapingProblem();
  const file = problem === '' ? 'htb' : '';
  return keys.map((key) => ({ knob: names[key], controller: 'tc', version: 0, file, problem }));
}

/** Null: no limit. Each of the two stands in for the other. Throws BAD_ARGUMENT when the most is below the rate. */
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

function asked(network: Network): { readonly knob: string; readonly requested: string }[] {
  return keys
    .filter((key) => network[key] !== null)
    .map((key) => ({ knob: names[key], requested: String(network[key]) }));
}

function refused(network: Network, why: string, cause?: unknown): LikerError {
  const [{ knob = '', requested = '' } = {}] = asked(network);
  return new LikerError('LIMIT_REFUSED', `Cannot set ${knob} to ${requested}: ${why}`, {
    cause,
    field: `spec.resources.${knob}`,
    metadata: { controller: 'tc', knob, requested },
  });
}

function leftOut({ resources, limits }: LimitedSpec, error: LikerError): AppliedLimit[] {
  if (limits === 'strict') throw error;
  return asked(resources.network).map((limit) => ({
    ...limit,
    file: '',
    written: '',
    effective: '',
    problem: error.message,
  }));
}

/** A file that stands for the network namespace of the container; null when it has none yet. The host's counts too. */
function namespaceFile(
  context: EngineContext,
  spec: LimitedSpec,
  live: Container['phase'] | null,
): string | null {
  const { network } = spec.namespaces;
  if (network.kind === 'host') return '/proc/self/ns/net';
  const main = live && livePhase(live)?.main;
  if (main) return `/proc/${main.pid}/ns/net`;
  if (network.kind === 'path') return network.path;
  const other = network.kind === 'container' ? livePhase(context.registry.find(network.id).phase) : null;
  return other && `/proc/${other.main.pid}/ns/net`;
}

/** Why the container cannot have the limits that it asks for; null when it can, as far as can be told before it starts. */
function problemBefore(context: EngineContext, spec: LimitedSpec): LikerError | null {
  const { network } = spec.resources;
  const { kind } = spec.namespaces.network;
  if (network.priority && context.cgroups.layout === 'v1' && kind !== 'host')
    return noPriority(network.priority);
  if (rateOf(network) === null) return null;
  const missing = context.network.shapingProblem();
  if (missing !== '') return refused(network, `${missing}; leave it out`);
  if (kind === 'private') return refused(network, noInterface);
  const file = namespaceFile(context, spec, null);
  return file === null
    ? null
    : tried(network, () => withNamespace(context, file, (namespace) => namespace.check()));
}

const noInterface =
  'it has a network namespace of its own, without an interface beside the loopback; join one that has some, ' +
  'such as --network ns:/run/netns/NAME, or leave it out';

function noPriority(priority: number): LikerError {
  return new LikerError(
    'LIMIT_REFUSED',
    `Cannot set network.priority to ${priority}: v1's net_prio knows the interfaces of the host alone; ` +
      'use --network host, or mount cgroup v2',
    { field: 'spec.resources.network.priority', metadata: { controller: 'net_prio' } },
  );
}

function withNamespace<T>(
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

/**
 * Sets the limits on what is sent, in place of earlier ones: before the start, or while it lives. Answers as
 * applyResources does, and the namespace that is held back (empty: none).
 */
export function limitNetwork(
  context: EngineContext,
  container: Container,
  spec: LimitedSpec,
): { readonly applied: readonly AppliedLimit[]; readonly shapedNamespace: string } {
  const { network } = spec.resources;
  const before = container.facts.shapedNamespace;
  if (asked(network).length === 0) return { applied: [], shapedNamespace: before };
  const live = livePhase(container.phase) ? container.phase : null;
  try {
    const rate = rateOf(network);
    const problem = live === null && rate !== null ? problemBefore(context, spec) : null;
    if (problem !== null) throw problem;
    const file = namespaceFile(context, spec, live);
    if (file === null) return { applied: [], shapedNamespace: before };
    return withNamespace(context, file, (namespace) => {
      requireUnshared(context, container, namespace.id);
      return {
        applied: report(network, rate, namespace.shape(rate)),
        shapedNamespace: rate === null ? '' : namespace.id,
      };
    });
  } catch (error) {
    // One that names the limit's field needs no more words.
    const isRefusal = error instanceof LikerError && error.reason === 'LIMIT_REFUSED' && error.field;
    const why = isRefusal ? error : refused(network, asError(error).message, error);
    return { applied: leftOut(spec, why), shapedNamespace: before };
  }
}

/** Another container that limits the interfaces of this namespace. */
function holderOf(context: EngineContext, container: Container, namespace: string): Container | undefined {
  return context.registry
    .all()
    .find((one) => one !== container && livePhase(one.phase) && one.facts.shapedNamespace === namespace);
}

function requireUnshared(context: EngineContext, container: Container, namespace: string): void {
  const other = holderOf(context, container, namespace);
  if (other === undefined) return;
  throw new LikerError(
    'LIMIT_REFUSED',
    `container '${other.name}' is in the same network namespace and limits its interfaces already; change that one`,
  );
}

function report(
  network: Network,
  rate: Rate | null,
  shaped: readonly { readonly name: string; readonly effective: Rate | null }[],
): AppliedLimit[] {
  const text = (value: Rate | null) =>
    value === null ? 'none' : `rate ${value.rateBits}bit ceil ${value.ceilBits}bit`;
  const file = `tc dev ${shaped.map(({ name }) => name).join(',')}`;
  const effective = [...new Set(shaped.map((one) => text(one.effective)))].join(', ');
  return asked(network).map((limit) => ({ ...limit, file, written: text(rate), effective, problem: '' }));
}

/** Takes the limit away from a namespace that is still there after the container. */
function free(context: EngineContext, container: Container): void {
  const { shapedNamespace } = container.facts;
  if (shapedNamespace === '') return;
  context.ledger.change(container, { facts: { shapedNamespace: '' } });
  if (holderOf(context, container, shapedNamespace) !== undefined) return;
  const { network } = container.spec.namespaces;
  const others = context.registry.all().flatMap(({ phase }) => livePhase(phase)?.main ?? []);
  const files = [
    ...(network.kind === 'path' ? [network.path] : []),
    ...others.map(({ pid }) => `/proc/${pid}/ns/net`),
  ];
  for (const file of files) if (freeIn(context, container, file, shapedNamespace)) return;
}

function freeIn(context: EngineContext, container: Container, file: string, id: string): boolean {
  try {
    return withNamespace(context, file, (namespace) => {
      if (namespace.id !== id) return false;
      namespace.shape(null);
      return true;
    });
  } catch (error) {
    // A file that is gone, or a process that has ended, stands for no namespace.
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ESRCH'
    )
      return false;
    context.log.warn('the limit of a network namespace could not be taken away', {
      container: container.id,
      namespace: file,
      error: asError(error).message,
    });
    return false;
  }
}

/** The rate at which the interfaces of the container's network namespace send. */
export const networkRate: RunResource = {
  acquire(context, { container, applied }) {
    const network = limitNetwork(context, container, container.spec);
    context.ledger.remember(container, { shapedNamespace: network.shapedNamespace });
    applied.push(...network.applied);
  },
  release: free,
};
