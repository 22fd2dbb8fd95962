import { badArgument } from '../../../../common/errors.ts';
import { foundId, type Step } from '../../../kernel/plan/steps.ts';
import type { FoundUser } from '../../../kernel/process/user.ts';

/** The user that a process asks for, by names and numbers: only its own root can tell who that is. */
export interface AskedUser {
  /** Empty: root. */
  readonly user: string;
  /** Null: the user's own group, and all groups that it is a member of. */
  readonly group: string | null;
  readonly moreGroups: readonly string[];
}

/** A user is looked up by a step of the plan or, for a shim of an earlier version, before the plan is made. */
export type User = AskedUser | FoundUser;

const field = 'spec.process.user';

/** 2^32 - 1 means "none" to the kernel. */
const greatestId = 0xffff_fffe;

function requireRange(name: string): string {
  if (/^-?\d+$/.test(name) && !(/^\d{1,10}$/.test(name) && Number(name) <= greatestId)) {
    throw badArgument(field, `Id ${name} is out of range: give 0 to ${greatestId}`);
  }
  return name;
}

/** Reads USER[:GROUP], either of which may be empty, as in Docker. Throws BAD_ARGUMENT for an impossible name. */
export function askedUser(user: string, moreGroups: readonly string[]): AskedUser {
  const [name = '', group = '', ...rest] = user.split(':');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not get near a line-based file
  if (rest.length > 0 || /[\x00-\x1f\x7f]/.test(user)) {
    throw badArgument(field, `Not a user: '${user}'; give USER or USER:GROUP, each a name or a number`);
  }
  return {
    user: requireRange(name),
    group: group === '' ? null : requireRange(group),
    moreGroups: moreGroups.map(requireRange),
  };
}

export function isKnown(user: User): user is FoundUser {
  return 'uid' in user;
}

/** Looks an asked user up, once all is mounted. */
export function lookUpSteps(user: User): Step[] {
  return isKnown(user) ? [] : [lookUpStep(user)];
}

export function lookUpStep(user: AskedUser): Extract<Step, { step: 'look-up-user' }> {
  return { step: 'look-up-user', ...user };
}

/** The uid of later steps. */
export function uidOf(user: User): number {
  return isKnown(user) ? user.uid : foundId;
}

export function gidOf(user: User): number {
  return isKnown(user) ? user.gid : foundId;
}
