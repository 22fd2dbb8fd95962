// Sizes that likerd and its shims must agree on: native/Makefile makes a header of these lines, in which maxFrameBytes is
// MAX_FRAME_BYTES. Each is `export const NAME = PRODUCT OF NUMBERS;`.

/** Greatest length of a frame between likerd and a shim: what execve(2) takes fits in it, with its plan. */
export const maxFrameBytes = 8 * 1024 * 1024;
/** Bytes of output in a frame. */
export const maxDataBytes = 64 * 1024;
/** Arguments and environment of a process, as the kernel counts them (execve(2)): three quarters of the greatest stack. */
export const maxArgumentBytes = 6 * 1024 * 1024;
/** A client's chunk of stdin. */
export const maxStdinChunkBytes = 1024 * 1024;
/** Stdin that likerd sends ahead of what the process has taken; one chunk is sent whatever its size. */
export const stdinWindowBytes = 1024 * 1024;
/** Stdin that a shim holds: a window for each of eight daemons, since a new one does not know what the last had under way. */
export const stdinQueueBytes = 8 * 1024 * 1024;
/** Last bytes of each stream that a shim keeps. A power of two. */
export const ringBytes = 256 * 1024;
/** Mounts that a container shares with the host, which a plan holds until all others are there. */
export const maxSharedMounts = 64;
/** What a shim reads beyond a client's limit at the end of a process: as much as a pipe can hold. */
export const drainExtraBytes = 64 * 1024;
