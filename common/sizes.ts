// Sizes that likerd and its shims must agree on. native/Makefile turns these lines into a C header, in which maxFrameBytes is
// MAX_FRAME_BYTES. Each line is `export const NAME = PRODUCT OF NUMBERS;`.

/** Greatest length of a frame between likerd and a shim: enough for a plan with all the arguments that execve(2) accepts. */
export const maxFrameBytes = 8 * 1024 * 1024;
/** Greatest number of bytes of output in a frame. */
export const maxDataBytes = 64 * 1024;
/** The most bytes of arguments and environment, as the kernel counts them (execve(2)): three quarters of the greatest stack. */
export const maxArgumentBytes = 6 * 1024 * 1024;
/** Greatest chunk of stdin from a client. */
export const maxStdinChunkBytes = 1024 * 1024;
/** How much stdin likerd sends before the process takes it. A single chunk is always sent, whatever its size. */
export const stdinWindowBytes = 1024 * 1024;
/** Stdin that a shim queues: 8 windows, because a new daemon cannot know what its predecessors still had in flight. */
export const stdinQueueBytes = 8 * 1024 * 1024;
/** How many of the last bytes of each stream a shim keeps. A power of two. */
export const ringBytes = 256 * 1024;
/** Greatest seccomp profile. Docker's own takes 17 KiB. */
export const maxSeccompProfileBytes = 256 * 1024;
/** Greatest number of mounts that a container shares with the host. The child holds them until all other mounts are made. */
export const maxSharedMounts = 64;
/** How far a shim reads beyond a client's limit when a process has ended: the capacity of a pipe. */
export const drainExtraBytes = 64 * 1024;
