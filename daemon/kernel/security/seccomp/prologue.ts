/** The classic BPF of seccomp(2): struct sock_filter and struct seccomp_data. */
const code = { load: 0x20, jumpEqual: 0x15, jumpGreater: 0x25, jumpAtLeast: 0x35, give: 0x06 } as const;
const offsetOf = { number: 0, architecture: 4, argument: (index: number): number => 16 + 8 * index } as const;
const instructionBytes = 8;

const eperm = 1;
const enosys = 38;
const refuse = (errno: number): number => 0x00050000 | errno;

/** A call that is refused when the low 32 bits of one argument have one of these values. */
interface ForbiddenArgument {
  readonly syscall: number;
  readonly argument: number;
  readonly values: readonly number[];
}

/** The prologue's rules for one architecture (AUDIT_ARCH_*). */
export interface ArchitectureRules {
  readonly architecture: number;
  /** The greatest call number that the filter knows: greater ones get ENOSYS. */
  readonly greatest: number;
  readonly forbidden: readonly ForbiddenArgument[];
}

type Target = 'eperm' | 'enosys' | 'end' | 'next';

interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly yes?: Target | number;
  readonly no?: Target | number;
}

function forbiddenCode(rule: ForbiddenArgument): Instruction[] {
  const tests = rule.values.map((k): Instruction => ({ code: code.jumpEqual, k, yes: 'eperm' }));
  return [
    { code: code.jumpEqual, k: rule.syscall, no: tests.length + 2 },
    // Little endian: the low half comes first, and the kernel uses only that.
    { code: code.load, k: offsetOf.argument(rule.argument) },
    ...tests,
    // Loads the call number again for what follows.
    { code: code.load, k: offsetOf.number },
  ];
}

function architectureCode(rules: ArchitectureRules): Instruction[] {
  const body: Instruction[] = [
    { code: code.load, k: offsetOf.number },
    ...rules.forbidden.flatMap(forbiddenCode),
    { code: code.jumpGreater, k: rules.greatest, yes: 'enosys', no: 'end' },
  ];
  return [{ code: code.jumpEqual, k: rules.architecture, no: body.length }, ...body];
}

function encode(instructions: readonly Instruction[]): Buffer {
  const end = instructions.length;
  const targets: Readonly<Record<Target, number>> = { eperm: end - 2, enosys: end - 1, end, next: 0 };
  const bytes = Buffer.alloc(end * instructionBytes);
  const distance = (target: Target | number | undefined, at: number): number =>
    target === undefined || target === 'next'
      ? 0
      : typeof target === 'number'
        ? target
        : targets[target] - at - 1;
  for (const [at, { code: operation, k, yes, no }] of instructions.entries()) {
    bytes.writeUInt16LE(operation, at * instructionBytes);
    bytes.writeUInt8(distance(yes, at), at * instructionBytes + 2);
    bytes.writeUInt8(distance(no, at), at * instructionBytes + 3);
    bytes.writeUInt32LE(k >>> 0, at * instructionBytes + 4);
  }
  return bytes;
}

/**
 * Instructions before a filter that do what libseccomp cannot: compare the half of an argument that the kernel uses (a bit in the
 * upper half would get past a full comparison), and return ENOSYS for calls newer than the filter, so that programs fall back
 * to older ones.
 */
export function prologue(architectures: readonly ArchitectureRules[]): Buffer {
  return encode([
    { code: code.load, k: offsetOf.architecture },
    ...architectures.flatMap(architectureCode),
    // Another architecture: the filter itself refuses it.
    { code: code.jumpAtLeast, k: 0, yes: 'end', no: 'end' },
    { code: code.give, k: refuse(eperm) },
    { code: code.give, k: refuse(enosys) },
  ]);
}
