import { LikerError, type Reason, reasons, statusCodes } from '../../common/errors.ts';
import { decodeStatus, statusDetailsKey } from '../../common/rpc-status.ts';
import { type Given, inFlags } from './field-flags.ts';
import { rootsDaemon } from './roots-daemon.ts';
import { startCommand } from './start-command.ts';
import type { CallError } from './wire.ts';

/** How errors are told to the caller. */
export interface Telling {
  /** They name a field of a request by the flags that set it, if these were given. */
  readonly given: Given;
  /** Puts a message of the daemon in the caller's words. */
  readonly reword: (message: string) => string;
}

/** The LikerError that the daemon threw, or one that says why there is no answer. Inverts the daemon's mapping. */
export function fromServiceError(error: CallError, socketPath: string, telling: Telling): Error {
  if (typeof error.code !== 'number') return error;
  return fromDetails(error, telling) ?? fromCode(error, socketPath);
}

function fromDetails(error: CallError, { given, reword }: Telling): LikerError | undefined {
  const bytes = error.metadata?.get(statusDetailsKey)[0];
  if (!(bytes instanceof Uint8Array)) return undefined;
  const status = decodeStatus(bytes);
  if (status === undefined || !isReason(status.details.reason)) return undefined;
  const { reason, metadata, field, syscall } = status.details;
  const message = reword(error.details);
  return new LikerError(reason, field === undefined ? message : inFlags(message, field, given), {
    ...(metadata && { metadata }),
    ...(field !== undefined && { field }),
    ...(syscall && { syscall }),
    cause: error,
  });
}

function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}

function fromCode(error: CallError, socketPath: string): LikerError {
  const problem = (reason: Reason, text: string): LikerError =>
    new LikerError(reason, text, { cause: error });
  switch (error.code as number) {
    case statusCodes.UNAVAILABLE:
      return problem('DAEMON_UNREACHABLE', unreachable(error.details, socketPath));
    case statusCodes.CANCELLED:
      return problem('CANCELLED', 'The call was cancelled');
    case statusCodes.DEADLINE_EXCEEDED:
      return problem('TIMED_OUT', `likerd at unix://${socketPath} did not answer in time`);
    case statusCodes.UNIMPLEMENTED:
      return problem(
        'INTERNAL',
        `likerd at unix://${socketPath} does not support this call: its version differs; install the same version of this client and likerd`,
      );
    default:
      return problem('INTERNAL', error.details === '' ? error.message : error.details);
  }
}

// These branch on texts of grpc-js 1.14 because its errors carry neither the errno nor the HTTP/2 code.
const isForbidden = (details: string): boolean => /EACCES|EPERM/.test(details);
const isAbsent = (details: string): boolean => /ENOENT|ECONNREFUSED|ENOTSOCK/.test(details);
const isReset = (details: string): boolean => /RST_STREAM|Stream closed|ended without/i.test(details);

function unreachable(details: string, socketPath: string): string {
  const where = `Cannot reach likerd at unix://${socketPath}`;
  if (isForbidden(details))
    return `${where}: permission denied; use it as root or as a member of the socket's group`;
  if (isAbsent(details))
    return `${where}: no daemon is listening there; start it with '${startCommand(socketPath)}'${rootsDaemon(socketPath)}`;
  return `${where}: the connection was lost`;
}

function detailsOf({ cause }: Error): string {
  return (cause as Partial<CallError> | undefined)?.details ?? '';
}

/** The connection broke, or the daemon is shutting down: the request itself is not at fault. */
export function isConnectionLoss(error: Error): boolean {
  if (!(error instanceof LikerError)) return false;
  if (error.reason === 'DAEMON_UNREACHABLE' || error.reason === 'SHUTTING_DOWN') return true;
  return error.reason === 'CANCELLED' || isReset(detailsOf(error));
}

/** The daemon is of a version that does not have this call. */
export function isUnknownCall({ cause }: Error): boolean {
  return (cause as Partial<CallError> | undefined)?.code === (statusCodes.UNIMPLEMENTED as number);
}

/** The call reached no daemon: nothing was done. */
export function neverConnected(error: Error): boolean {
  return isForbidden(detailsOf(error)) || isAbsent(detailsOf(error));
}

/** The daemon speaks another wire: nothing was done. */
export function isOtherWire({ cause }: Error): boolean {
  return (cause as Partial<CallError> | undefined)?.isOtherWire === true;
}
