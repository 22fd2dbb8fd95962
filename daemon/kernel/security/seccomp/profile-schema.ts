import { constants } from 'node:os';
import * as v from 'valibot';
import { compare } from '../../../native/libseccomp.ts';

// The fields of a profile, each with what is said of it when it is wrong.

const actionNames = [
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_LOG',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_NOTIFY',
] as const;
export type ActionName = (typeof actionNames)[number];

export const comparisons = {
  SCMP_CMP_NE: compare.notEqual,
  SCMP_CMP_LT: compare.less,
  SCMP_CMP_LE: compare.lessOrEqual,
  SCMP_CMP_EQ: compare.equal,
  SCMP_CMP_GE: compare.greaterOrEqual,
  SCMP_CMP_GT: compare.greater,
  SCMP_CMP_MASKED_EQ: compare.maskedEqual,
} as const;

const architectureNames = [
  'X86 X86_64 X32 ARM AARCH64 LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PARISC',
  'PARISC64 PPC PPC64 PPC64LE RISCV64 S390 S390X SH SHEB',
]
  .flatMap((line) => line.split(' '))
  .map((name) => `SCMP_ARCH_${name}`);

/** Docker's own names of architectures, for includes and excludes. */
const archNames = [
  '386 amd64 arm arm64 loong64 loongarch64 mips mips64 mips64le mips64n32 mips3l64n32 mipsel mipsel64',
  'mipsel64n32 mipsle ppc ppc64 ppc64le riscv64 s390 s390x x32 x86',
].flatMap((line) => line.split(' '));

export function shown({ input }: { readonly input: unknown }): string {
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

export function errnoOf(name: string): number | undefined {
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
  action: oneOf(actionNames),
  errnoRet,
  errno,
  args: listOf(argument),
  comment: v.nullish(text, ''),
  includes: ruleFilter,
  excludes: ruleFilter,
});

export const profileSchema = v.strictObject({
  $schema: v.nullish(text),
  comment: v.nullish(text),
  defaultAction: oneOf(actionNames),
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
export type ParsedRule = Parsed['syscalls'][number];
