import { constants } from 'node:os';

// The page that a test shares with likerd and its shims, in which one failure is armed: struct failpoint of
// native/test/failpoints.c.

/**
 * Whose call fails: native/test/failpoints.c counts each role separately, failing-likerd.ts those of likerd: `later` are its calls that answer
 * with a promise or a callback.
 */
export const roles = {
  library: 0,
  shim: 1,
  child: 2,
  program: 3,
  likerd: 4,
  unpack: 5,
  marker: 6,
  later: 7,
  pack: 8,
  tree: 9,
} as const;
export type Role = keyof typeof roles;

export const modes = { error: 0, kill: 1, short: 2, garbage: 3 } as const;
export type Mode = keyof typeof modes;

/** No call of Liker returns EDOM by itself. libuv does not know EDOM, but it knows EILSEQ. */
export const injectedErrno = constants.errno;
export type Errno = keyof typeof injectedErrno;

/** Offset of each field of struct failpoint. */
export const layout = {
  arming: 0,
  role: 4,
  nth: 8,
  mode: 12,
  error: 16,
  fired: 20,
  argument: 24,
  call: 28,
  /** The connection whose frame failed is closed, and likerd has noticed. */
  ended: 52,
  size: 56,
} as const;
