import { badArgument, LikerError } from '../../../../common/errors.ts';
import {
  type IdMaps,
  type IdRun,
  keepIdMaps,
  rangeMaps,
  rangeSize,
  toOutside,
} from '../../../kernel/users/id-maps.ts';
import type { IdSpan } from '../../../kernel/users/id-pool.ts';
import type { EngineContext } from '../../context.ts';
import type { ExecProcess } from '../../process/spec.ts';
import type { Container } from '../model/container.ts';
import type { Facts, UserNamespaceFacts } from '../model/facts.ts';
import type { ContainerSpec, Namespaces } from '../model/spec.ts';
import {
  field,
  requireSysctls,
  sysctlProblem,
  unavailable,
  userNamespaceProblem,
} from './user-namespace-problem.ts';
import { mapsWithoutRoot } from './user-namespace-rootless.ts';

type User = Namespaces['user'];

const remedy =
  '; use --userns host, or a root file system and a --root of likerd on ext4, xfs, btrfs or, since Linux 6.3, tmpfs';

/** What is to be said when a container has the host's user namespace though the default is another; null: nothing. */
export function userNamespaceWarning(
  { users }: Pick<EngineContext, 'users'>,
  { userNamespaceProblem }: Pick<Facts, 'userNamespaceProblem'>,
): string | null {
  if (userNamespaceProblem === '') return null;
  const [whose, root] = users.isRootOnHost
    ? ["the host's", 'root on the host']
    : ["likerd's", 'the user who runs likerd'];
  return `The container has ${whose} user namespace, in which root is ${root}: ${userNamespaceProblem}`;
}

/** Throws BAD_ARGUMENT for a user namespace that cannot be, whatever this machine has. */
export function checkUserNamespace({ namespaces: { user } }: ContainerSpec): void {
  if (user.kind === 'maps')
    for (const [kind, runs] of Object.entries(user.maps))
      if (toOutside(runs as readonly IdRun[], 0) === null)
        throw badArgument(
          field,
          `Invalid ${field}: its ${kind} do not map 0, so that nobody inside could be root, which the container is set up as; add a run such as 0-100000-65536`,
        );
  if (user.kind === 'keep-id' && (user.uid === 0 || user.gid === 0))
    throw badArgument(
      field,
      `Cannot keep the ids of ${user.uid === 0 ? 'user' : 'group'} 0: root inside would be root on the host; use auto, or host if that is meant`,
    );
}

/** Throws BAD_ARGUMENT, below `field`, for a user or group by number that the user namespace lacks. Names are looked up inside. */
export function checkMapped(
  userNamespace: UserNamespaceFacts | null,
  { user, additionalGroups }: Pick<ExecProcess, 'user' | 'additionalGroups'>,
  field: string,
): void {
  if (userNamespace === null) return;
  const { uids, gids } = userNamespace.maps;
  const [name = '', group = ''] = (user ?? '').split(':');
  checkId(uids, name, `${field}.user`, 'user');
  checkId(gids, group, `${field}.user`, 'group');
  for (const [index, id] of additionalGroups.entries())
    checkId(gids, id, `${field}.additional_groups[${index}]`, 'group');
}

function checkId(runs: readonly IdRun[], id: string, field: string, what: string): void {
  if (!/^\d+$/.test(id) || toOutside(runs, Number(id)) !== null) return;
  const known = runs.map(({ inside, count }) =>
    count === 1 ? inside : `${inside} to ${inside + count - 1}`,
  );
  throw badArgument(
    field,
    `Cannot use ${what} ${id}: the container's user namespace has the ${what}s ${known.join(', ')}; use one of these, or --userns host`,
  );
}

/** What a new container gets: the kind of its user namespace, and what is known of it from then on. */
export interface ChosenUserNamespace {
  readonly user: User;
  readonly facts: Pick<Facts, 'userNamespace' | 'userNamespaceProblem'>;
}

/**
 * Chooses the user namespace of a container that is about to be made. Where it depends on nobody's wish, what cannot be had becomes
 * the host's, with the reason. Errors: BAD_ARGUMENT, USERNS_UNAVAILABLE, TOO_MANY.
 */
export function chooseUserNamespace(
  context: EngineContext,
  spec: ContainerSpec,
  id: string,
): ChosenUserNamespace {
  const { user } = spec.namespaces;
  const shared = sharedBy(context, spec);
  if (shared !== null) {
    if (shared.facts.userNamespace !== null) requireSysctls(context, spec);
    return shared;
  }
  if (user.kind === 'host') return host('');
  const isAsked = user.kind !== 'default';
  if (!isAsked && context.users.byDefault === 'host') return host('');
  if (!isAsked && spec.process.privileged)
    return host('it is privileged; --userns auto gives it a user namespace all the same');
  if (!context.users.isRootOnHost)
    return own(id, user, { maps: mapsWithoutRoot(context, user), rangeStart: null });
  const needsRange = user.kind !== 'maps';
  const problem = userNamespaceProblem(context, spec.rootfs, { needsRange });
  if (problem !== '') {
    if (isAsked) throw unavailable(problem, remedy);
    return host(`${problem}; likerd --userns-default host makes this the default`);
  }
  if (isAsked) requireSysctls(context, spec);
  const withheld = sysctlProblem(context, spec);
  if (withheld !== '') return host(`${withheld}; without that it would have one of its own`);
  if (user.kind === 'maps') return own(id, user, { maps: user.maps, rangeStart: null });
  const kept = user.kind === 'keep-id' ? [user.uid, user.gid] : [];
  const start = pickRange(context, kept);
  const maps = user.kind === 'keep-id' ? keepIdMaps(start, user) : rangeMaps(start);
  return own(id, isAsked ? user : { kind: 'auto' }, { maps, rangeStart: start });
}

function host(userNamespaceProblem: string): ChosenUserNamespace {
  return { user: { kind: 'host' }, facts: { userNamespace: null, userNamespaceProblem } };
}

function own(
  owner: string,
  user: User,
  namespace: Pick<UserNamespaceFacts, 'maps' | 'rangeStart'>,
): ChosenUserNamespace {
  return { user, facts: { userNamespace: { owner, ...namespace }, userNamespaceProblem: '' } };
}

/** The user namespace of another container, if it is to have that; otherwise null. */
function sharedBy(context: EngineContext, spec: ContainerSpec): ChosenUserNamespace | null {
  const { user } = spec.namespaces;
  return (
    companionOf(context, spec) ??
    (user.kind === 'container' ? sharedWith(context.registry.find(user.id)) : null)
  );
}

/** The user namespace of another container, which stays its owner's. */
function sharedWith({ id, facts: { userNamespace } }: Container): ChosenUserNamespace {
  if (userNamespace === null) return host('');
  return {
    user: { kind: 'container', id },
    facts: { userNamespace: { ...userNamespace, rangeStart: null }, userNamespaceProblem: '' },
  };
}

/**
 * The user namespace that comes with other namespaces: whoever shares those of a container must be in its user namespace, or has no
 * rights over them. Null when nothing is shared.
 */
function companionOf(context: EngineContext, { namespaces }: ContainerSpec): ChosenUserNamespace | null {
  const shared = (['pid', 'ipc', 'network'] as const).flatMap((kind) => {
    const share = namespaces[kind];
    return share.kind === 'container' ? [{ kind, container: context.registry.find(share.id) }] : [];
  });
  const [first, ...more] = shared;
  if (!first) return null;
  const because = `the container shares the ${first.kind} namespace of container '${first.container.name}', and with it its user namespace`;
  const other = more.find(({ container }) => ownerOf(container) !== ownerOf(first.container));
  if (other)
    throw badArgument(
      `spec.namespaces.${other.kind}`,
      `Cannot share the ${other.kind} namespace of container '${other.container.name}': ${because}, which is another`,
    );
  const { user } = namespaces;
  const isSame =
    user.kind === 'default' ||
    (user.kind === 'host' && ownerOf(first.container) === '') ||
    (user.kind === 'container' && ownerOf(context.registry.find(user.id)) === ownerOf(first.container));
  if (!isSame)
    throw badArgument(field, `Cannot have a user namespace of another kind: ${because}; leave --userns out`);
  return sharedWith(user.kind === 'container' ? context.registry.find(user.id) : first.container);
}

/** Id of the container whose user namespace it is in; empty: the host's. */
function ownerOf({ facts: { userNamespace } }: Container): string {
  return userNamespace?.owner ?? '';
}

/** The first id of a range that nobody has. */
function pickRange(context: EngineContext, kept: readonly number[]): number {
  const { pool } = context.users;
  const start = pool.pick([...takenIds(context), ...kept.map((id) => ({ start: id, count: 1 }))]);
  if (start !== null) return start;
  throw new LikerError(
    'TOO_MANY',
    `Cannot make a user namespace: all ${pool.size} ranges of ${rangeSize} ids of ${pool.source} are taken; remove containers, give likerd more ids (--userns-pool, or /etc/subuid and /etc/subgid), or use --userns host`,
    { field, metadata: { field, ranges: String(pool.size) } },
  );
}

/** Ids of the host that containers have, of whichever pool. */
export function takenIds({ ledger, registry }: Pick<EngineContext, 'ledger' | 'registry'>): IdSpan[] {
  const ofRecords = ledger.idRanges().map((start) => ({ start, count: rangeSize }));
  const ofContainers = registry
    .all()
    .flatMap(({ facts: { userNamespace } }) => (userNamespace ? spansOf(userNamespace.maps) : []));
  return [...ofRecords, ...ofContainers];
}

function spansOf({ uids, gids }: IdMaps): IdSpan[] {
  return [...uids, ...gids].map(({ outside, count }) => ({ start: outside, count }));
}
