import type { ServiceError } from '@grpc/grpc-js';
import { LikerError, type Reason, reasons, statusCodes } from '../../common/errors.ts';
import { decodeStatus, statusDetailsKey } from '../../common/rpc-status.ts';
import { type IsGiven, inFlags } from './field-flags.ts';
import { startCommand } from './start-command.ts';

/** The LikerError that the daemon threw, or one that says why there is no answer. The inverse of the daemon's mapping. */
export function fromServiceError(error: ServiceError, socketPath: string, isGiven: IsGiven): Error {
  if (typeof error.code !== 'number') return error;
  return fromDetails(error, isGiven) ?? fromCode(error, socketPath);
}

function fromDetails(error: ServiceError, isGiven: IsGiven): LikerError | undefined {
  const bytes = error.metadata?.get(statusDetailsKey)[0];
  if (!(bytes instanceof Uint8Array)) return undefined;
  const status = decodeStatus(bytes);
  if (status === undefined || !isReason(status.details.reason)) return undefined;
  const { reason, metadata, field, syscall } = status.details;
  return new LikerError(
    reason,
    field === undefined ? error.details : inFlags(error.details, field, isGiven),
    {
      ...(metadata && { metadata }),
      ...(field !== undefined && { field }),
      ...(syscall && { syscall }),
      cause: error,
    },
  );
}

function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}

function fromCode(error: ServiceError, socketPath: string): LikerError {
  const problem = (reason: Reason, text: string): LikerError =>
    new LikerError(reason, text, { cause: error });
  switch (error.code as number) {
    case statusCodes.UNAVAILABLE:
      return problem('DAEMON_UNREACHABLE', unreachable(error.details, socketPath));
    case statusCodes.CANCELLED:
      return problem('CANCELLED', 'The call was cancelled');
    case statusCodes.DEADLINE_EXCEEDED:
      return problem('TIMED_OUT', `No answer from likerd at unix://${socketPath} in time`);
    case statusCodes.UNIMPLEMENTED:
      return problem(
        'INTERNAL',
        `likerd at unix://${socketPath} does not know this call: it is of another version`,
      );
    default:
      return problem('INTERNAL', error.details === '' ? error.message : error.details);
  }
}

function unreachable(details: string, socketPath: string): string {
  const where = `Cannot reach likerd at unix://${socketPath}`;
  if (details.includes('EACCES') || details.includes('EPERM')) {
    return `${where}: permission denied; run likerctl as root or as a member of the group of the socket`;
  }
  if (details.includes('ENOENT') || details.includes('ECONNREFUSED') || details.includes('ENOTSOCK')) {
    return `${where}: no daemon is listening there; start it with '${startCommand(socketPath)}'`;
  }
  return `${where}: the connection was lost`;
}

/** The connection broke, or the daemon is going away: nothing is wrong with the request itself. */
export function isConnectionLoss(error: Error): boolean {
  if (!(error instanceof LikerError)) return false;
  if (error.reason === 'DAEMON_UNREACHABLE' || error.reason === 'SHUTTING_DOWN') return true;
  const details = (error.cause as Partial<ServiceError> | undefined)?.details ?? '';
  return error.reason === 'CANCELLED' || /RST_STREAM|Stream closed|ended without/i.test(details);
}

/** There was nobody to connect to, so that nothing can have been done. */
export function neverConnected(error: Error): boolean {
  const details = ((error as LikerError).cause as Partial<ServiceError> | undefined)?.details ?? '';
  return /ENOENT|ECONNREFUSED|EACCES|EPERM|ENOTSOCK/.test(details);
}
