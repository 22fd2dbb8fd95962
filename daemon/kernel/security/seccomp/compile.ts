import { badArgument } from '../../../../common/errors.ts';
import { action, architecture, type Condition, type Libseccomp } from '../../../native/libseccomp.ts';
import type { ForbiddenArgument } from './builtin.ts';
import { greatestOf, isCall, isInLibrary, numberOf } from './calls.ts';
import { badProfile, type Profile, type Rule } from './profile.ts';
import { type ArchitectureRules, instructionBytes, prologue, type Verdict } from './prologue.ts';

/** BPF_MAXINSNS. */
const mostInstructions = 4096;
/** SECCOMP_RET_ACTION_FULL. */
const withoutData = 0xffff0000;

/** On x86 libseccomp has its own number for this call, since socketcall can make it too. */
const x86Socket = 359;

/** What a filter is made of, for one machine and one set of capabilities. */
export interface FilterInput {
  readonly profile: Profile;
  /** Those of the profile that hold. */
  readonly rules: readonly Rule[];
  readonly forbidden: readonly ForbiddenArgument[];
  /** AUDIT_ARCH_* of the machine. */
  readonly native: number;
}

/**
 * The filter: an array of struct sock_filter, for seccomp(SECCOMP_SET_MODE_FILTER). Throws BAD_ARGUMENT with the place in the
 * profile for what cannot be compiled.
 */
export function compileFilter(library: Libseccomp, input: FilterInput): Buffer {
  const architectures = tokensOf(input);
  const rules = input.rules.filter((rule) => rule.action !== input.profile.defaultAction);
  requireEffect(rules);
  // Old versions of libseccomp take the search for few calls wrong, and it saves nothing there.
  const manyRules = rules.reduce((sum, { names }) => sum + names.length, 0) > 32;
  using builder = library.open(input.profile.defaultAction, architectures, { manyRules });
  const beside: { readonly name: string; readonly action: number }[] = [];
  for (const rule of rules)
    for (const [index, name] of rule.names.entries()) {
      if (isInLibrary(library, name)) {
        for (const conditions of alternatives(rule.conditions)) {
          const number = library.numberOf(library.nativeArchitecture, name);
          const errno = builder.addRule(rule.action, number, conditions);
          if (errno !== 0) throw unfit(rule, name, errno);
        }
      } else if (isKnown(library, input.profile, rule, index)) beside.push({ name, action: rule.action });
    }
  const program = Buffer.concat([
    prologue(architectures.map((token) => besideLibrary(library, input, token, beside))),
    builder.export(),
  ]);
  const count = program.length / instructionBytes;
  if (count > mostInstructions)
    throw badArgument(
      'spec.seccomp_profile',
      `Cannot use the seccomp profile: it takes ${count} instructions, and the kernel accepts at most ${mostInstructions}; use fewer rules with args`,
    );
  return program;
}

function tokensOf({ profile, native }: FilterInput): number[] {
  const name = `SCMP_ARCH_${Object.entries(architecture)
    .find(([, token]) => token === native)?.[0]
    .toUpperCase()}`;
  const others =
    profile.archMap.find((entry) => entry.architecture === name)?.subArchitectures ?? profile.architectures;
  const tokens = others.map((other) => familyOf(native)[other]).filter((token) => token !== undefined);
  return [...new Set([native, ...tokens])];
}

/** The architectures that a machine's kernel can run beside its own; no process makes calls of others. */
function familyOf(native: number): Readonly<Record<string, number>> {
  switch (native) {
    case architecture.x86_64:
      return { SCMP_ARCH_X86: architecture.x86, SCMP_ARCH_X32: architecture.x32 };
    case architecture.aarch64:
      return { SCMP_ARCH_ARM: architecture.arm };
    default:
      return {};
  }
}

/** As in runc: conditions on one argument are alternatives, and others hold together. */
function alternatives(conditions: readonly Condition[]): (readonly Condition[])[] {
  const isTwice = new Set(conditions.map(({ argument }) => argument)).size < conditions.length;
  return isTwice ? conditions.map((condition) => [condition]) : [conditions];
}

/** SECCOMP_RET_ALLOW is the greatest, SECCOMP_RET_KILL_PROCESS the least: the kernel compares them as signed numbers. */
function isStricter(one: number, other: number): boolean {
  return ((one & withoutData) | 0) < ((other & withoutData) | 0);
}

/**
 * The first rule without args makes libseccomp ignore all others for the same call. Throws if one with args is stricter: whoever
 * wrote it meant it. Two without args are in Podman's own profile.
 */
function requireEffect(rules: readonly Rule[]): void {
  const always = new Map<string, Rule>();
  for (const rule of rules)
    if (rule.conditions.length === 0)
      for (const name of rule.names) if (!always.has(name)) always.set(name, rule);
  for (const rule of rules.filter(({ conditions }) => conditions.length > 0))
    for (const name of rule.names) {
      const other = always.get(name);
      if (other !== undefined && isStricter(rule.action, other.action))
        throw badProfile(
          rule.at,
          `it would have no effect on ${name}, for which ${other.at} has a rule without args; give that args that leave these out`,
        );
    }
}

function unfit(rule: Rule, name: string, errno: number): Error {
  return badProfile(
    rule.at,
    `libseccomp cannot combine the rule for ${name} with those before it (error ${errno}); give each call one action, or conditions that exclude each other`,
  );
}

/**
 * Whether a call that the library does not know is one all the same. One that nobody knows cannot be made, unless it is newer
 * than Liker and the filter allows what it has no rule for.
 */
function isKnown(library: Libseccomp, profile: Profile, rule: Rule, index: number): boolean {
  const name = rule.names[index] ?? '';
  const at = `${rule.at}.names[${index}]`;
  const isNumbered = isCall(library, name);
  if (!isNumbered && allowsUnknown(profile))
    throw badProfile(at, `there is no system call '${name}', so it would be allowed; check its name`);
  if (isNumbered && rule.conditions.length > 0)
    throw badProfile(
      at,
      `libseccomp ${library.version} does not know ${name}, so there can be no args; leave them out, or install a newer libseccomp`,
    );
  return isNumbered;
}

function allowsUnknown({ defaultAction }: Profile): boolean {
  return [action.allow, action.log, action.trace(0)].includes((defaultAction & withoutData) >>> 0);
}

function besideLibrary(
  library: Libseccomp,
  { profile, rules, forbidden }: FilterInput,
  token: number,
  beside: readonly { readonly name: string; readonly action: number }[],
): ArchitectureRules {
  const exists = ({ syscall }: { readonly syscall: number }): boolean => syscall >= 0;
  return {
    architecture: token,
    forbidden: forbidden
      .map(({ name, ...rule }) => ({
        ...rule,
        syscall: token === architecture.x86 && name === 'socket' ? x86Socket : numberOf(library, token, name),
      }))
      .filter(exists),
    verdicts: beside
      .map(({ name, action }): Verdict => ({ syscall: numberOf(library, token, name), action }))
      .filter(exists),
    greatest: allowsUnknown(profile)
      ? null
      : greatestOf(
          library,
          token,
          rules.flatMap(({ names }) => names),
        ),
  };
}
