/** A system call as a filter sees it. */
export interface Call {
  readonly number: number;
  /** AUDIT_ARCH_*. */
  readonly architecture: number;
  readonly args: readonly bigint[];
}

/** struct seccomp_data of a call. */
function dataOf({ number, architecture, args }: Call): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number >>> 0, true);
  data.setUint32(4, architecture, true);
  for (const [index, value] of args.entries())
    data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, value), true);
  return data;
}

/**
 * What a filter (an array of struct sock_filter) makes of a call: SECCOMP_RET_*. Runs it as the kernel would: classic BPF, of
 * which libseccomp uses these instructions. Throws for others.
 */
export function runFilter(filter: Uint8Array, call: Call): number {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const data = dataOf(call);
  let accumulator = 0;
  for (let at = 0; at * 8 < filter.byteLength; at += 1) {
    const code = program.getUint16(at * 8, true);
    const k = program.getUint32(at * 8 + 4, true);
    const jump = (yes: boolean): number => program.getUint8(at * 8 + (yes ? 2 : 3));
    if (code === 0x20) accumulator = data.getUint32(k, true);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x05) at += k;
    else if (code === 0x15) at += jump(accumulator === k);
    else if (code === 0x25) at += jump(accumulator > k);
    else if (code === 0x35) at += jump(accumulator >= k);
    else if (code === 0x45) at += jump((accumulator & k) !== 0);
    else if (code === 0x06) return k;
    else throw new Error(`Unknown instruction 0x${code.toString(16)} in a seccomp filter`);
  }
  throw new Error('A seccomp filter ends without a result');
}
