import { action, architecture } from '../../../native/libseccomp.ts';
import { type GreatestCalls, privateCalls } from './calls.ts';

/** The classic BPF of seccomp(2): struct sock_filter and struct seccomp_data. */
const code = { load: 0x20, jumpEqual: 0x15, jumpGreater: 0x25, jumpAtLeast: 0x35, give: 0x06 } as const;
const offsetOf = { number: 0, architecture: 4, argument: (index: number): number => 16 + 8 * index } as const;
/** Of struct sock_filter. */
export const instructionBytes = 8;

const refused = action.errno(1);
const missing = action.errno(38);
/** Numbers of x32 calls have this bit; their architecture is that of x86_64. */
const x32Bit = 0x40000000;

/** A call that is refused when the low 32 bits of one argument have one of these values. */
interface ForbiddenArgument {
  readonly syscall: number;
  readonly argument: number;
  readonly values: readonly number[];
}

/** What happens to a call, whatever its arguments are. */
export interface Verdict {
  readonly syscall: number;
  /** SECCOMP_RET_*. */
  readonly action: number;
}

/** The prologue's rules for one architecture (AUDIT_ARCH_*). */
export interface ArchitectureRules {
  readonly architecture: number;
  readonly forbidden: readonly ForbiddenArgument[];
  readonly verdicts: readonly Verdict[];
  /** The greatest call numbers that the filter knows: greater ones get ENOSYS. Null: the filter decides on all of them. */
  readonly greatest: GreatestCalls | null;
}

/** An action to return, or the instruction after the prologue. */
type Target = { readonly action: number } | 'end';

interface Instruction {
  readonly code: number;
  readonly k: number;
  /** Instructions to skip, or where to go. */
  readonly yes?: Target | number;
  readonly no?: Target | number;
}

function forbiddenCode(rule: ForbiddenArgument): Instruction[] {
  const tests = rule.values.map((k): Instruction => ({ code: code.jumpEqual, k, yes: { action: refused } }));
  return [
    { code: code.jumpEqual, k: rule.syscall, no: tests.length + 2 },
    // Little endian: the low half comes first, and the kernel uses only that.
    { code: code.load, k: offsetOf.argument(rule.argument) },
    ...tests,
    // Loads the call number again for what follows.
    { code: code.load, k: offsetOf.number },
  ];
}

function missingCode(greatest: GreatestCalls | null): Instruction[] {
  if (greatest === null) return [{ code: code.jumpAtLeast, k: 0, yes: 'end', no: 'end' }];
  const missingAbove = (k: number): Instruction => ({
    code: code.jumpGreater,
    k,
    yes: { action: missing },
    no: 'end',
  });
  return [
    ...(greatest.private < 0
      ? []
      : [{ code: code.jumpAtLeast, k: privateCalls, no: 1 }, missingAbove(greatest.private)]),
    missingAbove(greatest.common),
  ];
}

function numbersCode(rules: ArchitectureRules): Instruction[] {
  return [
    ...rules.forbidden.flatMap(forbiddenCode),
    ...rules.verdicts.map(
      ({ syscall, action }): Instruction => ({ code: code.jumpEqual, k: syscall, yes: { action } }),
    ),
    ...missingCode(rules.greatest),
  ];
}

/** x86_64 with its x32, where the filter has both. */
function sharedCode(rules: ArchitectureRules, all: readonly ArchitectureRules[]): Instruction[] {
  const x32 = all.find((other) => other.architecture === architecture.x32);
  if (rules.architecture !== architecture.x86_64 || x32 === undefined) return numbersCode(rules);
  const body = numbersCode(x32);
  return [{ code: code.jumpAtLeast, k: x32Bit, no: body.length }, ...body, ...numbersCode(rules)];
}

function architectureCode(rules: ArchitectureRules, all: readonly ArchitectureRules[]): Instruction[] {
  const body: Instruction[] = [{ code: code.load, k: offsetOf.number }, ...sharedCode(rules, all)];
  return [{ code: code.jumpEqual, k: rules.architecture, no: body.length }, ...body];
}

/** Actions are returned by instructions behind the others. */
function encode(instructions: readonly Instruction[]): Buffer {
  const targets = instructions
    .flatMap(({ yes, no }) => [yes, no])
    .filter((target) => typeof target === 'object');
  const actions = [...new Set(targets.map(({ action }) => action))];
  const end = instructions.length + actions.length;
  const bytes = Buffer.alloc(end * instructionBytes);
  const distance = (target: Target | number | undefined, at: number): number => {
    if (target === undefined) return 0;
    if (typeof target === 'number') return target;
    if (target === 'end') return end - at - 1;
    return instructions.length + actions.indexOf(target.action) - at - 1;
  };
  const all = [...instructions, ...actions.map((k): Instruction => ({ code: code.give, k }))];
  for (const [at, { code: operation, k, yes, no }] of all.entries()) {
    bytes.writeUInt16LE(operation, at * instructionBytes);
    // A distance that does not fit into its byte throws a RangeError.
    bytes.writeUInt8(distance(yes, at), at * instructionBytes + 2);
    bytes.writeUInt8(distance(no, at), at * instructionBytes + 3);
    bytes.writeUInt32LE(k >>> 0, at * instructionBytes + 4);
  }
  return bytes;
}

/**
 * Instructions before a filter that do what libseccomp cannot: compare the half of an argument that the kernel uses (a bit in the
 * upper half would get past a full comparison), decide on calls that the library does not know, and return ENOSYS for calls
 * newer than the filter, so that programs fall back to older ones.
 */
export function prologue(architectures: readonly ArchitectureRules[]): Buffer {
  return encode([
    { code: code.load, k: offsetOf.architecture },
    ...architectures
      .filter((rules) => rules.architecture !== architecture.x32)
      .flatMap((rules) => architectureCode(rules, architectures)),
    // Another architecture: the filter itself refuses it.
    { code: code.jumpAtLeast, k: 0, yes: 'end', no: 'end' },
  ]);
}
