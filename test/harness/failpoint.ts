import { constants } from 'node:os';

// What a test, likerd and its shims share: the page in which one failure is armed, as struct failpoint of
// native/test/failpoints.c has it.

/** Who makes the call that is to fail: native/test/failpoints.c counts each by itself, failing-likerd.ts the last. */
export const roles = { library: 0, shim: 1, child: 2, program: 3, likerd: 4 } as const;
export type Role = keyof typeof roles;

export const modes = { error: 0, kill: 1, short: 2, garbage: 3 } as const;
export type Mode = keyof typeof modes;

/** No call of Liker fails with EDOM by itself, nor is it known to libuv, which knows EILSEQ. */
export const injectedErrno = constants.errno;
export type Errno = keyof typeof injectedErrno;

/** Where each field of struct failpoint is. */
export const layout = {
  arming: 0,
  role: 4,
  nth: 8,
  mode: 12,
  error: 16,
  fired: 20,
  argument: 24,
  call: 28,
  /** The connection whose frame has failed has ended, and likerd has seen it. */
  ended: 52,
  size: 56,
} as const;
