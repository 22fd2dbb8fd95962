/** gRPC status codes that Liker uses (https://grpc.io/docs/guides/status-codes). */
export const statusCodes = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export type StatusName = keyof typeof statusCodes;

/** Every reason of a LikerError, with its gRPC status. docs/errors.md lists them. */
export const reasons = {
  BAD_ARGUMENT: 'INVALID_ARGUMENT',
  AMBIGUOUS_ID: 'INVALID_ARGUMENT',
  UNKNOWN_USER: 'INVALID_ARGUMENT',
  BAD_ROOTFS: 'INVALID_ARGUMENT',
  BAD_IMAGE: 'INVALID_ARGUMENT',
  BAD_ARCHIVE: 'INVALID_ARGUMENT',
  BAD_PATH: 'INVALID_ARGUMENT',
  REQUEST_ID_REUSED: 'INVALID_ARGUMENT',
  CONTAINER_NOT_FOUND: 'NOT_FOUND',
  PROCESS_NOT_FOUND: 'NOT_FOUND',
  IMAGE_NOT_FOUND: 'NOT_FOUND',
  VOLUME_NOT_FOUND: 'NOT_FOUND',
  NETWORK_NOT_FOUND: 'NOT_FOUND',
  SECRET_NOT_FOUND: 'NOT_FOUND',
  LEASE_NOT_FOUND: 'NOT_FOUND',
  PATH_NOT_FOUND: 'NOT_FOUND',
  NAME_TAKEN: 'ALREADY_EXISTS',
  PATH_EXISTS: 'ALREADY_EXISTS',
  WRONG_STATE: 'FAILED_PRECONDITION',
  READ_ONLY: 'FAILED_PRECONDITION',
  PLATFORM_MISSING: 'FAILED_PRECONDITION',
  VOLUME_IN_USE: 'FAILED_PRECONDITION',
  NETWORK_IN_USE: 'FAILED_PRECONDITION',
  NETWORK_UNAVAILABLE: 'FAILED_PRECONDITION',
  SUBNET_IN_USE: 'FAILED_PRECONDITION',
  ADDRESS_IN_USE: 'FAILED_PRECONDITION',
  PORT_IN_USE: 'FAILED_PRECONDITION',
  REGISTRY_MISCONFIGURED: 'FAILED_PRECONDITION',
  REGISTRY_REFUSED: 'FAILED_PRECONDITION',
  SECRET_IN_USE: 'FAILED_PRECONDITION',
  NO_HEALTH_CHECK: 'FAILED_PRECONDITION',
  NO_STDIN: 'FAILED_PRECONDITION',
  COMMAND_NOT_FOUND: 'FAILED_PRECONDITION',
  COMMAND_NOT_EXECUTABLE: 'FAILED_PRECONDITION',
  USERNS_UNAVAILABLE: 'FAILED_PRECONDITION',
  CGROUP_CONTROLLER_MISSING: 'FAILED_PRECONDITION',
  LIMIT_REFUSED: 'FAILED_PRECONDITION',
  SECURITY_MISSING: 'FAILED_PRECONDITION',
  UNPACK_UNAVAILABLE: 'FAILED_PRECONDITION',
  ALREADY_RUNNING: 'FAILED_PRECONDITION',
  STORE_FAILED: 'FAILED_PRECONDITION',
  IMAGE_IN_USE: 'FAILED_PRECONDITION',
  LAYER_DAMAGED: 'FAILED_PRECONDITION',
  RECIPE_MISSING: 'FAILED_PRECONDITION',
  EVENTS_TRIMMED: 'OUT_OF_RANGE',
  EVENTS_UNKNOWN: 'OUT_OF_RANGE',
  OUTPUT_LOST: 'OUT_OF_RANGE',
  NOT_PERMITTED: 'PERMISSION_DENIED',
  REGISTRY_DENIED: 'PERMISSION_DENIED',
  SYSCALL: 'INTERNAL',
  SHIM_LOST: 'INTERNAL',
  INTERNAL: 'INTERNAL',
  TOO_MANY: 'RESOURCE_EXHAUSTED',
  REGISTRY_LIMIT: 'RESOURCE_EXHAUSTED',
  REGISTRY_UNREACHABLE: 'UNAVAILABLE',
  SHUTTING_DOWN: 'UNAVAILABLE',
  DAEMON_UNREACHABLE: 'UNAVAILABLE',
  CANCELLED: 'CANCELLED',
  TIMED_OUT: 'DEADLINE_EXCEEDED',
} as const satisfies Record<string, StatusName>;

/** Why a call failed. */
export type Reason = keyof typeof reasons;

/** A failed system call, as the kernel reports it. `errno` is a name such as EPERM. */
export interface SyscallDetail {
  readonly step: string;
  readonly syscall: string;
  readonly errno: string;
  readonly object: string;
}

export interface LikerErrorOptions {
  /** The variable parts of the message. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The invalid field of the request. */
  readonly field?: string;
  /** The limit that is at fault, such as cpu.shares, where the field is not known. */
  readonly knob?: string;
  readonly syscall?: SyscallDetail;
  readonly cause?: unknown;
}

/**
 * The error that crosses the API. Callers branch on `reason`, never on the text. The text says what was tried, on what, why it
 * failed and what to do, with a capital first and no full stop.
 *
 * @example
 * const missing = await liker.containers.get('no-such').catch((error) => error);
 * console.log(missing.reason); //> CONTAINER_NOT_FOUND
 */
export class LikerError extends Error {
  override readonly name = 'LikerError';
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly field: string | undefined;
  readonly knob: string | undefined;
  readonly syscall: SyscallDetail | undefined;

  constructor(reason: Reason, message: string, options: LikerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.metadata = options.metadata ?? {};
    this.field = options.field;
    this.knob = options.knob;
    this.syscall = options.syscall;
  }

  /** The kernel's name of an error of files, such as ENOENT, where Node's errors have it. */
  get code(): string | undefined {
    return this.metadata['errno'];
  }

  get status(): StatusName {
    return reasons[this.reason];
  }
}

/** True for a LikerError with this reason. */
export function hasReason(thrown: unknown, reason: Reason): thrown is LikerError {
  return thrown instanceof LikerError && thrown.reason === reason;
}

/** The error for an invalid value in a request. `field` is the path of the field, such as spec.name. */
export function badArgument(field: string, message: string): LikerError {
  return new LikerError('BAD_ARGUMENT', message, { field, metadata: { field } });
}

/** A value that the field cannot have. `hint` says which it can. */
export function invalid(field: string, value: string | number, hint: string): LikerError {
  return badArgument(field, `Invalid ${field} '${value}': ${hint}`);
}

/** Wraps a thrown value in an Error unless it is one. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
