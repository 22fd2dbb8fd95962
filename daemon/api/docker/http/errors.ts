import { asError, type LikerError, type Reason, type StatusName } from '../../../../common/errors.ts';
import { tellSystemError } from '../../../../common/exhausted.ts';
import { own } from '../../../../common/own.ts';
import type { Log } from '../../../host/log.ts';
import { inDockersWords } from './fields.ts';

/** A refusal in Docker's terms. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const byStatus: Readonly<Record<StatusName, number>> = {
  CANCELLED: 499,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 500,
  FAILED_PRECONDITION: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
};

/** Where Docker answers otherwise than the kind of the error says. */
const byReason: Partial<Record<Reason, number>> = {
  NETWORK_IN_USE: 403,
  COMMAND_NOT_FOUND: 400,
  COMMAND_NOT_EXECUTABLE: 400,
  PORT_IN_USE: 500,
  REGISTRY_DENIED: 404,
  READ_ONLY: 403,
  STORE_FAILED: 500,
};

/**
 * Words that clients look for, in the place of Liker's. Docker's command decides by them whether an image is to be pulled, and with
 * which code it ends; libraries, which class of error they throw.
 */
const words: Partial<Record<Reason, (error: LikerError) => string>> = {
  CONTAINER_NOT_FOUND: ({ metadata, message }) => named('No such container', metadata['container'], message),
  IMAGE_NOT_FOUND: ({ metadata, message }) => named('No such image', metadata['image'], message),
  VOLUME_NOT_FOUND: ({ metadata: { volume }, message }) =>
    volume === undefined ? message : `get ${volume}: no such volume`,
  NETWORK_NOT_FOUND: ({ metadata: { network }, message }) =>
    network === undefined ? message : `network ${network} not found`,
  NAME_TAKEN: ({ metadata: { name, container }, message }) =>
    container === undefined
      ? message
      : `Conflict. The container name "/${name}" is already in use by container "${container}". You have to remove (or rename) that container to be able to reuse that name.`,
  COMMAND_NOT_FOUND: ({ message }) => `${message}: executable file not found in $PATH`,
  COMMAND_NOT_EXECUTABLE: ({ message }) => `${message}: permission denied`,
};

function named(what: string, name: string | undefined, message: string): string {
  return name === undefined ? message : `${what}: ${name}`;
}

/** The error of a command that could not be started, by the exit code that it stands for. */
export function startFailure(code: number, message: string): HttpError {
  if (code === 127) return new HttpError(400, `${message}: executable file not found in $PATH`);
  if (code === 126) return new HttpError(400, `${message}: permission denied`);
  return new HttpError(500, message);
}

/** What a call answers that failed with `thrown`. `what` completes "Cannot …" for a system error. */
export function toHttpError(thrown: unknown, what: string, log: Log): HttpError {
  const given = asError(thrown);
  const error = isLikerError(given) ? given : asError(tellSystemError(given, what));
  if (error instanceof HttpError) return error;
  if (!isLikerError(error)) {
    log.error('unexpected error', { error });
    return new HttpError(500, `Internal error: ${error.message.split('\n', 1)[0]}`);
  }
  const status = own(byReason, error.reason) ?? byStatus[error.status];
  return new HttpError(status, textOf(error));
}

/** In the words that clients look for, and with the names of fields that they know. */
export function textOf(error: LikerError): string {
  const { field, message } = error;
  const text = field === undefined ? message : inDockersWords(message, field);
  return own(words, error.reason)?.(error) ?? text;
}

/** The engine is in another bundle, which has a class of its own. */
export function isLikerError(error: Error): error is LikerError {
  return error.name === 'LikerError';
}

export function hasReason(thrown: unknown, reason: Reason): boolean {
  const error = asError(thrown);
  return isLikerError(error) && error.reason === reason;
}
