import { normalize } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { badArgument } from '../../../../common/errors.ts';
import { parseTimestamp } from '../../../../common/units.ts';
import { type Filter, hasLabel, matcher } from '../../filter.ts';
import type { Container } from './container.ts';
import { livePhase, states } from './phase.ts';
import type { Registry } from './registry.ts';
import type { Share } from './spec.ts';

const keys = [
  'id',
  'name',
  'label',
  'label!',
  'status',
  'health',
  'exited',
  'ancestor',
  'before',
  'since',
  'until',
  'volume',
  'network',
  'publish',
  'expose',
  'is-task',
] as const;
type Key = (typeof keys)[number];

/** A test for all filters together. Errors: BAD_ARGUMENT. */
export function containerFilter(
  filters: readonly Filter[],
  registry: Registry,
): (container: Container) => boolean {
  return matcher(filters, keys, (key, value) => test(key, value, registry));
}

function test(key: Key, value: string, registry: Registry): (container: Container) => boolean {
  switch (key) {
    case 'id':
      return (container) => container.id.startsWith(value);
    case 'name': {
      const pattern = namePattern(value);
      return (container) => pattern.test(container.name);
    }
    case 'label':
      return ({ spec }) => hasLabel(spec.labels, value);
    case 'label!':
      return ({ spec }) => !hasLabel(spec.labels, value);
    case 'status':
      // The last two are Docker's, for what is never seen here.
      requireOneOf(key, value, [...states, 'removing', 'dead']);
      return (container) => container.phase.state === value;
    case 'health':
      requireOneOf(key, value, ['starting', 'healthy', 'unhealthy', 'none']);
      return (container) => (container.facts.health?.status ?? 'none') === value;
    case 'exited':
      if (!/^\d+$/.test(value))
        throw badArgument('filters', `Invalid filter exited=${value}: use an exit code, such as 137`);
      return ({ phase }) => phase.state === 'exited' && String(phase.exit.code) === value;
    case 'ancestor':
      return (container) => samePath(container.spec.rootfs.directory, value);
    case 'before': {
      const { createdAt } = registry.find(value);
      return (container) => container.createdAt < createdAt;
    }
    case 'since': {
      const { createdAt } = registry.find(value);
      return (container) => container.createdAt > createdAt;
    }
    case 'until': {
      const ns = parseTimestamp(value, 'filters');
      return (container) => BigInt(container.createdAt) * 1_000_000n < ns;
    }
    case 'volume':
      return ({ spec }) =>
        spec.mounts.some(
          (mount) =>
            samePath(mount.target, value) || (mount.type === 'bind' && samePath(mount.source, value)),
        );
    case 'network':
      return ({ spec }) => networkWord(spec.namespaces.network) === value;
    case 'publish':
    case 'expose':
      // No container publishes a port.
      return () => false;
    case 'is-task':
      requireOneOf(key, value, ['true', 'false']);
      return () => value === 'false';
  }
}

/** As --network has it; `none` for a namespace of its own. */
function networkWord(share: Share): string {
  switch (share.kind) {
    case 'private':
      return 'none';
    case 'host':
      return 'host';
    case 'container':
      return `container:${share.id}`;
    case 'path':
      return `ns:${share.path}`;
  }
}

function samePath(path: string, wanted: string): boolean {
  return wanted.startsWith('/') && normalize(`${path}/`) === normalize(`${wanted}/`);
}

/** Live, as ps without -a shows. */
export function isListedByDefault(container: Container): boolean {
  return livePhase(container.phase) !== null || container.phase.state === 'restarting';
}

function requireOneOf(key: Key, value: string, values: readonly string[]): void {
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
