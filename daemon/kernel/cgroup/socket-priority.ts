import { encode, op } from './device-program.ts';

/** Offset of priority in struct bpf_sock (include/uapi/linux/bpf.h). */
const priorityOffset = 20;

/** A BPF_PROG_TYPE_CGROUP_SOCK program that gives each new socket a priority. */
export function priorityProgram(priority: number): Uint8Array {
  return encode([
    { op: op.set, dst: 2, immediate: priority },
    { op: op.store, dst: 1, src: 2, offset: priorityOffset },
    { op: op.set, dst: 0, immediate: 1 },
    { op: op.exit },
  ]);
}
