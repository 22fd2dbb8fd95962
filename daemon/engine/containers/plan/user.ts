import { foundId, type Step, type StepOf } from '../../../kernel/plan/steps.ts';
import type { FoundUser } from '../../../kernel/process/user.ts';
import type { ProcessSpec } from '../../process/spec.ts';

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

/** Reads USER[:GROUP], either of which may be empty, as in Docker. */
export function askedUser(process: Pick<ProcessSpec, 'user' | 'additionalGroups'>): AskedUser {
  const [user = '', group = ''] = process.user.split(':');
  return { user, group: group === '' ? null : group, moreGroups: process.additionalGroups };
}

export function isKnown(user: User): user is FoundUser {
  return 'uid' in user;
}

/** Looks an asked user up, once all is mounted. */
export function lookUpSteps(user: User): Step[] {
  return isKnown(user) ? [] : [lookUpStep(user)];
}

export function lookUpStep(user: AskedUser): StepOf<'look-up-user'> {
  return { step: 'look-up-user', ...user };
}

/** The uid of later steps. */
export function uidOf(user: User): number {
  return isKnown(user) ? user.uid : foundId;
}

export function gidOf(user: User): number {
  return isKnown(user) ? user.gid : foundId;
}

/** Whether a user that is asked for is surely root. */
export function isRoot(user: string): boolean {
  return user === '' || user === 'root' || /^0+$/.test(user);
}
