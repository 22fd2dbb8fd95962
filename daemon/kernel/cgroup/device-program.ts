import { own } from '../../../common/own.ts';
import { type DeviceRule, settled } from './device-rules.ts';

/** Opcodes of eBPF that the program uses (Documentation/bpf/standardization/instruction-set.rst). */
export const op = {
  /** dst = *(u32 *) (src + offset) */
  load: 0x61,
  /** *(u32 *) (dst + offset) = src */
  store: 0x63,
  /** dst = src, low 32 bits */
  move: 0xbc,
  /** dst = immediate */
  set: 0xb7,
  /** dst &= immediate, low 32 bits */
  and: 0x54,
  /** dst >>= immediate, low 32 bits */
  shiftRight: 0x74,
  jumpIfEqual: 0x15,
  jumpUnlessEqual: 0x55,
  jumpUnlessSame: 0x5d,
  exit: 0x95,
} as const;

interface Instruction {
  readonly op: number;
  readonly dst?: number;
  readonly src?: number;
  readonly offset?: number;
  readonly immediate?: number;
}

/** BPF_DEVCG_* of include/uapi/linux/bpf.h. */
const types = { b: 1, c: 2 } as const;
const accessBits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const anyAccess = 7;

/** Registers: 0 verdict, 1 context and then scratch, 2 type, 3 access, 4 major, 5 minor. */
const prologue: readonly Instruction[] = [
  { op: op.load, dst: 2, src: 1, offset: 0 },
  { op: op.move, dst: 3, src: 2 },
  { op: op.and, dst: 2, immediate: 0xffff },
  { op: op.shiftRight, dst: 3, immediate: 16 },
  { op: op.load, dst: 4, src: 1, offset: 4 },
  { op: op.load, dst: 5, src: 1, offset: 8 },
];

function verdict(allowed: boolean): Instruction[] {
  return [{ op: op.set, dst: 0, immediate: allowed ? 1 : 0 }, { op: op.exit }];
}

/** A rule allows only if it covers every requested access, and denies if it covers one. */
function accessTest(rule: DeviceRule): Instruction[] {
  const bits = [...rule.access].reduce((set, letter) => set | (own(accessBits, letter) ?? 0), 0);
  if (bits === anyAccess) return [];
  const masked = [
    { op: op.move, dst: 1, src: 3 },
    { op: op.and, dst: 1, immediate: bits },
  ];
  return [
    ...masked,
    rule.allow ? { op: op.jumpUnlessSame, dst: 1, src: 3 } : { op: op.jumpIfEqual, dst: 1, immediate: 0 },
  ];
}

function numberTest(register: number, number: number | null): Instruction[] {
  return number === null ? [] : [{ op: op.jumpUnlessEqual, dst: register, immediate: number }];
}

function isJump(instruction: Instruction): boolean {
  return (
    instruction.op === op.jumpUnlessEqual ||
    instruction.op === op.jumpUnlessSame ||
    instruction.op === op.jumpIfEqual
  );
}

/** The tests of one rule, which jump past it if they fail, and its verdict. */
function ruleCode(rule: DeviceRule): Instruction[] {
  const code: Instruction[] = [
    { op: op.jumpUnlessEqual, dst: 2, immediate: types[rule.type] },
    ...accessTest(rule),
    ...numberTest(4, rule.major),
    ...numberTest(5, rule.minor),
    ...verdict(rule.allow),
  ];
  return code.map((instruction, at) =>
    isJump(instruction) ? { ...instruction, offset: code.length - at - 1 } : instruction,
  );
}

/** Encodes instructions as an array of struct bpf_insn. */
export function encode(code: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(code.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, instruction] of code.entries()) {
    view.setUint8(index * 8, instruction.op);
    view.setUint8(index * 8 + 1, (instruction.dst ?? 0) | ((instruction.src ?? 0) << 4));
    view.setInt16(index * 8 + 2, instruction.offset ?? 0, true);
    view.setInt32(index * 8 + 4, instruction.immediate ?? 0, true);
  }
  return bytes;
}

/**
 * A BPF_PROG_TYPE_CGROUP_DEVICE program (an array of struct bpf_insn, 8 bytes each) for the rules. It denies what no
 * rule matches. On v1 the last rule wins, so the program tries the rules from the last to the first.
 */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const code = settled(rules).reverse().flatMap(ruleCode);
  return encode([...prologue, ...code, ...verdict(false)]);
}
