import { constants } from 'node:os';
import * as v from 'valibot';
import { badArgument } from '../../../../common/errors.ts';
import type { KernelVersion } from '../../../../common/kernel-version.ts';
import { own } from '../../../../common/own.ts';
import { action, type Condition } from '../../../native/libseccomp.ts';
import {
  type ActionName,
  comparisons,
  errnoOf,
  type ParsedRule,
  profileSchema,
  shown,
} from './profile-schema.ts';

// Docker's JSON format of a profile (moby/profiles, seccomp/seccomp.go), which extends that of the OCI runtime specification
// (config-linux.md, "Seccomp"); and the names of errors of containers/common, which Podman uses.

/** When a rule is part of the filter. Empty lists and null demand nothing. */
export interface RuleFilter {
  /** As in CAP_SYS_ADMIN. */
  readonly caps: readonly string[];
  /** As in amd64: the machine's own architecture. */
  readonly arches: readonly string[];
  /** The oldest. */
  readonly minKernel: KernelVersion | null;
}

/** What happens to some system calls. */
export interface Rule {
  /** Its place in the JSON, such as syscalls[3]. */
  readonly at: string;
  readonly names: readonly string[];
  /** SECCOMP_RET_*. */
  readonly action: number;
  /** All of them must hold; none: always. */
  readonly conditions: readonly Condition[];
  /** All of it must be the case. */
  readonly includes: RuleFilter;
  /** None of it may be the case. */
  readonly excludes: RuleFilter;
}

interface ArchitectureMap {
  readonly architecture: string;
  readonly subArchitectures: readonly string[];
}

/** A profile in Docker's format. */
export interface Profile {
  /** SECCOMP_RET_*, for a call that no rule is for. */
  readonly defaultAction: number;
  /** Architectures whose calls can be made, as in SCMP_ARCH_X86. The machine's own is always one of them. */
  readonly architectures: readonly string[];
  /** The same by the machine's own one. */
  readonly archMap: readonly ArchitectureMap[];
  /** Of seccomp(2): SECCOMP_FILTER_FLAG_*. */
  readonly flags: number;
  readonly rules: readonly Rule[];
}

export const anything: RuleFilter = { caps: [], arches: [], minKernel: null };

/** SECCOMP_FILTER_FLAG_*. The filter is set in a process of one thread, which has nobody to synchronise with. */
const flagValues: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 0,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
};

const noListener = 'there is no process that would receive its notifications';
const refusedFlags: Readonly<Record<string, string>> = {
  SECCOMP_FILTER_FLAG_NEW_LISTENER: noListener,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: noListener,
  SECCOMP_FILTER_FLAG_TSYNC_ESRCH: 'the filter is set in a process of one thread',
};

/** The error for a profile that cannot be used; `at` is the place in the JSON, such as syscalls[3].names[0]. */
export function badProfile(at: string, why: string): Error {
  return badArgument('spec.seccomp_profile', `Invalid seccomp profile: ${at === '' ? '' : `${at}: `}${why}`);
}

/** Reads a profile. Throws BAD_ARGUMENT with the field of the JSON that is wrong. */
export function parseProfile(json: string): Profile {
  const result = v.safeParse(profileSchema, parseJson(json), { abortEarly: true });
  if (!result.success) throw unreadable(result.issues[0]);
  const { output } = result;
  if (output.listenerPath !== '' || output.listenerMetadata !== '')
    throw badProfile(
      output.listenerPath === '' ? 'listenerMetadata' : 'listenerPath',
      `it is not supported: Liker passes no notifications of SCMP_ACT_NOTIFY to other programs; give each call an action that needs no other program`,
    );
  if (output.architectures.length > 0 && output.archMap.length > 0)
    throw badProfile('archMap', 'architectures is there as well; use one of them');
  return {
    defaultAction: actionOf(
      output.defaultAction,
      { errnoRet: output.defaultErrnoRet, errno: output.defaultErrno },
      {
        action: 'defaultAction',
        errnoRet: 'defaultErrnoRet',
        errno: 'defaultErrno',
      },
    ),
    architectures: output.architectures,
    archMap: output.archMap,
    flags: output.flags.reduce((flags, flag, index) => flags | flagOf(flag, `flags[${index}]`), 0),
    rules: output.syscalls.map((rule, index) => ruleOf(rule, `syscalls[${index}]`)),
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json, readExactly);
  } catch (error) {
    throw badProfile('', `it is not JSON: ${(error as Error).message}`);
  }
}

/** Keeps numbers that a double cannot hold. */
function readExactly(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isExact = typeof value !== 'number' || Number.isSafeInteger(value);
  return !isExact && /^\d+$/.test(context?.source ?? '') ? BigInt(context?.source ?? 0) : value;
}

function unreadable(issue: v.InferIssue<typeof profileSchema>): Error {
  const keys = issue.path?.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)) ?? [];
  const at = keys.join('').replace(/^\./, '');
  if (issue.type !== 'strict_object') return badProfile(at, issue.message);
  if (issue.expected === 'never') return badProfile(at, 'there is no such field in a profile');
  return badProfile(at, issue.input === undefined ? 'it is missing' : `${shown(issue)} is not an object`);
}

function actionOf(
  name: ActionName,
  given: Pick<ParsedRule, 'errnoRet' | 'errno'>,
  at: { readonly action: string; readonly errnoRet: string; readonly errno: string },
): number {
  switch (name) {
    case 'SCMP_ACT_ALLOW':
      return action.allow;
    case 'SCMP_ACT_LOG':
      return action.log;
    case 'SCMP_ACT_TRAP':
      return action.trap;
    case 'SCMP_ACT_KILL_PROCESS':
      return action.killProcess;
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return action.killThread;
    case 'SCMP_ACT_TRACE':
      return action.trace(given.errnoRet ?? constants.errno.EPERM);
    case 'SCMP_ACT_ERRNO':
      return action.errno(errnoFor(given, at));
    case 'SCMP_ACT_NOTIFY':
      throw badProfile(at.action, `SCMP_ACT_NOTIFY is not supported: ${noListener}`);
  }
}

const maxErrno = 4095;

/** Docker's default is EPERM. */
function errnoFor(
  given: Pick<ParsedRule, 'errnoRet' | 'errno'>,
  at: { readonly errnoRet: string; readonly errno: string },
): number {
  const named = typeof given.errno === 'string' ? errnoOf(given.errno) : undefined;
  const number = given.errnoRet ?? named ?? constants.errno.EPERM;
  if (named !== undefined && named !== number)
    throw badProfile(at.errno, `${given.errno} is ${named}, but ${at.errnoRet} is ${number}`);
  if (number === 0)
    throw badProfile(
      at.errnoRet,
      'with 0 a call would do nothing and report success; give an error from 1 to 4095',
    );
  if (number > maxErrno)
    throw badProfile(
      at.errnoRet,
      `the kernel would make ${maxErrno} of ${number}; give an error from 1 to ${maxErrno}`,
    );
  return number;
}

function flagOf(flag: string, at: string): number {
  const value = own(flagValues, flag);
  if (value !== undefined) return value;
  const why = own(refusedFlags, flag);
  throw badProfile(
    at,
    why === undefined
      ? `'${flag}' is not known; use ${Object.keys(flagValues).join(', ')}`
      : `${flag} is not supported: ${why}`,
  );
}

function ruleOf(rule: ParsedRule, at: string): Rule {
  if (rule.name !== '' && rule.names.length > 0)
    throw badProfile(`${at}.name`, 'names is there as well; use one of them');
  const names = rule.name === '' ? rule.names : [rule.name];
  if (names.length === 0) throw badProfile(`${at}.names`, 'it is missing');
  return {
    at,
    names,
    action: actionOf(rule.action, rule, {
      action: `${at}.action`,
      errnoRet: `${at}.errnoRet`,
      errno: `${at}.errno`,
    }),
    conditions: rule.args.map(({ index, value, valueTwo, op }) => ({
      argument: index,
      compare: comparisons[op],
      a: value,
      b: valueTwo,
    })),
    includes: filterOf(rule.includes),
    excludes: filterOf(rule.excludes),
  };
}

function filterOf({ caps, arches, minKernel }: ParsedRule['includes']): RuleFilter {
  const [major, minor] = minKernel.split('.').map(Number);
  return { caps, arches, minKernel: major === undefined || minor === undefined ? null : [major, minor] };
}
