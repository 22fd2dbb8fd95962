import { asError, LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import type { AppliedLimit } from '../model/spec.ts';
import {
  askedRates,
  cniBandwidth,
  hasOwnInterfaces,
  type LimitedSpec,
  leftOut,
  namespaceFile,
  problemBefore,
  rateOf,
  refused,
  reportRates,
  withNamespace,
} from '../rules/network-rate.ts';
import type { RunResource } from './run-resource.ts';

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
  if (askedRates(network).length === 0) return { applied: [], shapedNamespace: before };
  const live = livePhase(container.phase) ? container.phase : null;
  if (spec.cni.length > 0)
    return { applied: limitOfCni(context, spec, live !== null), shapedNamespace: before };
  try {
    const rate = rateOf(network);
    const problem = live === null && rate !== null ? problemBefore(context, spec) : null;
    if (problem !== null) throw problem;
    const file = namespaceFile(context, spec, live);
    if (file === null) return { applied: [], shapedNamespace: before };
    return withNamespace(context, file, (namespace) => {
      requireUnshared(context, container, namespace.id);
      return {
        applied: reportRates(network, rate, namespace.shape(rate)),
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

/** The plugins are told as they make the interfaces. */
function limitOfCni(context: EngineContext, spec: LimitedSpec, isLive: boolean): AppliedLimit[] {
  const { network } = spec.resources;
  const problem = isLive
    ? refused(
        network,
        'plugins of CNI limit interfaces as they make them; make the container again, or leave it out',
      )
    : problemBefore(context, spec);
  if (problem !== null) return leftOut(spec, problem);
  const told = JSON.stringify(cniBandwidth(network));
  return askedRates(network).map((limit) => ({
    ...limit,
    file: 'runtimeConfig.bandwidth',
    ...{ written: told, effective: told, problem: '' },
  }));
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
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ESRCH'].includes(code)) return false;
    context.log.warn('cannot remove the limit of a network namespace', {
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
    // The endpoints have theirs.
    if (hasOwnInterfaces(container.spec)) return;
    const network = limitNetwork(context, container, container.spec);
    // Stored now: the start may wait for long before it is stored as a whole, and the namespace may outlive this likerd.
    if (network.shapedNamespace !== container.facts.shapedNamespace)
      context.ledger.change(container, { facts: { shapedNamespace: network.shapedNamespace } });
    applied.push(...network.applied);
  },
  release: free,
};
