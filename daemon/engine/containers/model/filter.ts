import { normalize } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { badArgument } from '../../../../common/errors.ts';
import { parseTimestamp } from '../../../../common/units.ts';
import { type Filter, hasLabel, matcher } from '../../filter.ts';
import type { Networks } from '../../networks/model/networks.ts';
import type { Container } from './container.ts';
import { livePhase, states } from './phase.ts';
import { exposes, publishes } from './port-filter.ts';
import type { Registry } from './registry.ts';
import { shareText } from './spec.ts';

/** What conditions ask about. */
interface Known {
  readonly registry: Registry;
  readonly networks: Pick<Networks, 'byId'>;
  /** Of an image, the lowest first; null: there is no such image. */
  readonly layersOf: (image: string) => readonly string[] | null;
}

/** A test for all filters together. Errors: BAD_ARGUMENT. */
export function containerFilter(
  filters: readonly Filter[],
  { registry, networks, layersOf }: Known,
): (container: Container) => boolean {
  return matcher<Container>(filters, {
    id: (value) => (container) => container.id.startsWith(value),
    name: (value) => {
      const pattern = namePattern(value);
      return (container) => pattern.test(container.name);
    },
    label: (value) => (container) => hasLabel(container.spec.labels, value),
    'label!': (value) => (container) => !hasLabel(container.spec.labels, value),
    status: (value) => {
      // The last two are Docker's, for what is never seen here.
      requireOneOf('status', value, [...states, 'removing', 'dead']);
      return (container) => container.phase.state === value;
    },
    health: (value) => {
      requireOneOf('health', value, ['starting', 'healthy', 'unhealthy', 'none']);
      return (container) => (container.facts.health?.status ?? 'none') === value;
    },
    exited: (value) => {
      if (!/^\d+$/.test(value))
        throw badArgument('filters', `Invalid filter exited=${value}: use an exit code, such as 137`);
      return ({ phase }) => phase.state === 'exited' && String(phase.exit.code) === value;
    },
    ancestor: (value) => {
      const layers = value.startsWith('/') ? null : layersOf(value);
      return ({ spec: { rootfs } }) => {
        if (rootfs.kind === 'directory') return samePath(rootfs.directory, value);
        return rootfs.name === value || (layers !== null && beginsWith(rootfs.layers, layers));
      };
    },
    before: (value) => {
      const { createdAt } = registry.find(value);
      return (container) => container.createdAt < createdAt;
    },
    since: (value) => {
      const { createdAt } = registry.find(value);
      return (container) => container.createdAt > createdAt;
    },
    until: (value) => {
      const ns = parseTimestamp(value, 'filters');
      return (container) => BigInt(container.createdAt) * 1_000_000n < ns;
    },
    volume: (value) => (container) =>
      container.spec.mounts.some(
        (mount) =>
          samePath(mount.target, value) ||
          (mount.type === 'bind' && samePath(mount.source, value)) ||
          (mount.type === 'volume' && mount.volume === value),
      ),
    network: (value) => (container) => {
      const { networks: asked, namespaces } = container.spec;
      if (asked.length === 0)
        return (shareText(namespaces.network) || container.facts.networkProgram || 'none') === value;
      return asked.some(
        ({ network: id }) => networks.byId(id)?.name === value || (value !== '' && id.startsWith(value)),
      );
    },
    publish: publishes,
    expose: exposes,
    'is-task': (value) => {
      requireOneOf('is-task', value, ['true', 'false']);
      return () => value === 'false';
    },
  });
}

/** An image that was made from another has its layers at the bottom. */
function beginsWith(layers: readonly string[], lowest: readonly string[]): boolean {
  return lowest.length > 0 && lowest.every((diffId, index) => layers[index] === diffId);
}

function samePath(path: string, wanted: string): boolean {
  return wanted.startsWith('/') && normalize(`${path}/`) === normalize(`${wanted}/`);
}

/** Live, as ps without -a shows. */
export function isListedByDefault(container: Container): boolean {
  return livePhase(container.phase) !== null || container.phase.state === 'restarting';
}

function requireOneOf(key: string, value: string, values: readonly string[]): void {
  if (values.includes(value)) return;
  throw badArgument('filters', `Invalid filter ${key}=${value}: use ${values.join(', ')}`);
}

setFlagsFromString('--enable-experimental-regexp-engine');

/**
 * As in Docker a regular expression that fits anywhere; Docker's names begin with a slash, which may be written. It is of
 * the kind that takes linear time (l), as Docker's are: any other, such as (a+)+$, could keep the event loop for years.
 */
function namePattern(value: string): RegExp {
  try {
    return new RegExp(value.replace(/^(\^?)\//, '$1'), 'l');
  } catch (error) {
    throw badArgument('filters', `Invalid filter name '${value}': ${(error as Error).message}`);
  }
}
