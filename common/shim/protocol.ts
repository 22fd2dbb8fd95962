import { drainExtraBytes, ringBytes } from '../sizes.ts';

/** The shim protocol; native/include/protocol.h describes every frame. */
export const shimProtocol = 1;
/** The oldest version that this daemon supports: an earlier likerd may have started the container. */
export const oldestShimProtocol = 1;
export const frameHeader = 12;
/** The greatest frame for shims of earlier versions, which do not announce theirs. */
export const untoldMaxFrameBytes = 4 * 1024 * 1024;
export const noBound = 0xffff_ffff_ffff_ffffn;
/**
 * How far a process may run ahead of the slowest client that it waits for, in bytes of a stream. At the end of the process the shim
 * reads another drainExtraBytes, so that a client that does not read cannot hide the end. The ring still has all that the client lacks.
 */
export const windowBytes = ringBytes - drainExtraBytes;

/** 1: stdout, or the terminal; 2: stderr. */
export type StreamNumber = 1 | 2;

export const toShim = {
  hello: 1,
  exec: 2,
  stdin: 3,
  closeStdin: 4,
  resize: 5,
  signal: 6,
  limit: 7,
  snapshot: 8,
  taken: 9,
  stdinOffset: 10,
  open: 20,
  close: 21,
  listen: 22,
  connected: 11,
} as const;

export const fromShim = {
  state: 128,
  started: 129,
  failed: 130,
  data: 131,
  snapshotData: 132,
  snapshotEnd: 133,
  stdinAck: 134,
  exit: 135,
  oom: 136,
  logLost: 137,
  stdinRefused: 141,
  opened: 160,
  client: 161,
  processCount: 138,
  process: 139,
  arguments: 140,
  user: 142,
  connect: 143,
  network: 144,
  done: 150,
} as const;
