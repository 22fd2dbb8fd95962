import { constants } from 'node:os';
import * as v from 'valibot';
import { badArgument } from '../../../../common/errors.ts';
import { own } from '../../../../common/own.ts';
import { action, type Condition, compare } from '../../../native/libseccomp.ts';

// Docker's JSON format of a profile (moby/profiles, seccomp/seccomp.go), which extends that of the OCI runtime specification
// (config-linux.md, "Seccomp"); and the names of errors of containers/common, which Podman uses.

/** When a rule is part of the filter. Empty lists and null demand nothing. */
export interface RuleFilter {
  /** As in CAP_SYS_ADMIN. */
  readonly caps: readonly string[];
  /** As in amd64: the machine's own architecture. */
  readonly arches: readonly string[];
  /** Major and minor version of the oldest kernel. */
  readonly minKernel: readonly [number, number] | null;
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

const actionNames = [
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_LOG',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_TRAP',
] as const;
type ActionName = (typeof actionNames)[number];

const comparisons = {
  SCMP_CMP_NE: compare.notEqual,
  SCMP_CMP_LT: compare.less,
  SCMP_CMP_LE: compare.lessOrEqual,
  SCMP_CMP_EQ: compare.equal,
  SCMP_CMP_GE: compare.greaterOrEqual,
  SCMP_CMP_GT: compare.greater,
  SCMP_CMP_MASKED_EQ: compare.maskedEqual,
} as const;

const architectureNames = [
  ...[
    'X86',
    'X86_64',
    'X32',
    'ARM',
    'AARCH64',
    'LOONGARCH64',
    'M68K',
    'MIPS',
    'MIPS64',
    'MIPS64N32',
    'MIPSEL',
  ],
  ...[
    'MIPSEL64',
    'MIPSEL64N32',
    'PARISC',
    'PARISC64',
    'PPC',
    'PPC64',
    'PPC64LE',
    'RISCV64',
    'S390',
    'S390X',
    'SH',
  ],
  'SHEB',
].map((name) => `SCMP_ARCH_${name}`);

/** Docker's own names of architectures, for includes and excludes. */
const archNames = [
  ...['386', 'amd64', 'arm', 'arm64', 'loong64', 'loongarch64', 'mips', 'mips64', 'mips64le', 'mips64n32'],
  ...[
    'mips3l64n32',
    'mipsel',
    'mipsel64',
    'mipsel64n32',
    'mipsle',
    'ppc',
    'ppc64',
    'ppc64le',
    'riscv64',
    's390',
  ],
  ...['s390x', 'x32', 'x86'],
];

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

function shown({ input }: { readonly input: unknown }): string {
  const exact = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return typeof input === 'bigint' ? String(input) : (JSON.stringify(input, exact) ?? 'nothing');
}

const oneOf = <const T extends string>(names: readonly T[]) =>
  v.picklist(names, (issue) => `${shown(issue)} is not known; use ${names.join(', ')}`);
const text = v.string((issue) => `${shown(issue)} is not a text`);
const name = v.pipe(text, v.minLength(1, 'it is empty'));
const listOf = <const T extends v.GenericSchema>(item: T) =>
  v.nullish(
    v.array(item, (issue) => `${shown(issue)} is not a list`),
    [],
  );

const wholeNumber = (most: number) =>
  v.pipe(
    v.number((issue) => `${shown(issue)} is not a number from 0 to ${most}`),
    v.check(
      (value) => Number.isInteger(value) && value >= 0 && value <= most,
      (issue) => `${shown(issue)} is not a number from 0 to ${most}`,
    ),
  );
/** 64 bits; numbers above 2^53 are read as a bigint. */
const uint64 = v.pipe(
  v.union([v.number(), v.bigint()], (issue) => `${shown(issue)} is not a whole number`),
  v.check(isWhole, (issue) => `${shown(issue)} is not a whole number`),
  v.transform((value) => BigInt(value)),
  v.check(
    (value) => value >= 0n && value < 1n << 64n,
    (issue) => `${shown(issue)} does not fit into 64 bits`,
  ),
);

function isWhole(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

const maxErrno = 4095;
const errnoRet = v.nullish(wholeNumber(0xffff));
const errno = v.nullish(
  v.pipe(
    text,
    v.check(
      (value) => errnoOf(value) !== undefined,
      (issue) => `${shown(issue)} is not the name of an error, such as EPERM`,
    ),
  ),
);

function errnoOf(name: string): number | undefined {
  return Object.entries(constants.errno).find(([known]) => known === name)?.[1];
}

const ruleFilter = v.nullish(
  v.strictObject({
    caps: listOf(
      v.pipe(
        text,
        v.regex(/^CAP_[A-Z_]+$/, (issue) => `${shown(issue)} is not a capability, such as CAP_SYS_ADMIN`),
      ),
    ),
    arches: listOf(oneOf(archNames)),
    minKernel: v.nullish(
      v.pipe(
        text,
        v.regex(/^(\d{1,3}\.\d{1,3})?$/, (issue) => `${shown(issue)} is not a version such as "4.8"`),
      ),
      '',
    ),
  }),
  {},
);

const argument = v.strictObject({
  index: wholeNumber(5),
  value: uint64,
  valueTwo: v.nullish(uint64, 0),
  op: oneOf(Object.keys(comparisons) as (keyof typeof comparisons)[]),
});

const syscall = v.strictObject({
  name: v.nullish(text, ''),
  names: listOf(name),
  action: oneOf([...actionNames, 'SCMP_ACT_NOTIFY']),
  errnoRet,
  errno,
  args: listOf(argument),
  comment: v.nullish(text, ''),
  includes: ruleFilter,
  excludes: ruleFilter,
});

const profileSchema = v.strictObject({
  $schema: v.nullish(text),
  comment: v.nullish(text),
  defaultAction: oneOf([...actionNames, 'SCMP_ACT_NOTIFY']),
  defaultErrnoRet: errnoRet,
  defaultErrno: errno,
  architectures: listOf(oneOf(architectureNames)),
  archMap: listOf(
    v.strictObject({
      architecture: oneOf(architectureNames),
      subArchitectures: listOf(oneOf(architectureNames)),
    }),
  ),
  flags: listOf(text),
  listenerPath: v.nullish(text, ''),
  listenerMetadata: v.nullish(text, ''),
  syscalls: listOf(syscall),
});

type Parsed = v.InferOutput<typeof profileSchema>;
type ParsedRule = Parsed['syscalls'][number];

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
  name: ActionName | 'SCMP_ACT_NOTIFY',
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
