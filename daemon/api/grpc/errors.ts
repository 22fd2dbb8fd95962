import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { asError, LikerError, statusCodes } from '../../../common/errors.ts';
import { tellSystemError } from '../../../common/exhausted.ts';
import { encodeStatus, statusDetailsKey } from '../../../common/rpc-status.ts';
import type { Log } from '../../host/log.ts';
import type { Subject } from './context.ts';

/** A status travels in HTTP/2 trailers, of which clients accept 8 to 16 KiB, and contains the message three times. */
const maxMessageBytes = 1024;
const maxMetadataBytes = 512;

/** The status with which a call answers after it failed with `thrown`. The only mapping of errors to gRPC. */
export function toServiceError(thrown: unknown, log: Log): ServiceError {
  const error = thrown instanceof LikerError ? thrown : unexpected(thrown, log);
  const code = statusCodes[error.status];
  const message = cut(error.message, maxMessageBytes);
  const field = error.field ?? (error.knob && limitField(error.knob));
  const metadata = new Metadata();
  metadata.set(
    statusDetailsKey,
    encodeStatus({
      code,
      message,
      details: {
        reason: error.reason,
        metadata: cutAll({ ...error.metadata, ...(error.field === undefined && field && { field }) }),
        field,
        syscall: error.syscall && (cutAll({ ...error.syscall }) as unknown as typeof error.syscall),
      },
    }),
  );
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** The field of the API that sets a limit. */
export function limitField(knob: string): string {
  return knob.startsWith('process.') ? `spec.${knob}` : `spec.resources.${knob}`;
}

/** Puts a system error that has no better explanation in the words of the call: "Cannot stop container 'web': …". */
export function inWordsOf(method: string, subject: Subject | null, thrown: unknown): unknown {
  const verb = method.replace(/(?<=[a-z])[A-Z]/g, ' $&').toLowerCase();
  return tellSystemError(thrown, subject ? `${verb} '${subject.name}'` : verb);
}

/** A bug in likerd. The log gets the stack, the client only the first line. */
function unexpected(thrown: unknown, log: Log): LikerError {
  const error = asError(thrown);
  log.error('unexpected error', { error });
  return new LikerError('INTERNAL', `Internal error: ${error.message.split('\n', 1)[0]}`);
}

function cutAll(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, cut(value, maxMetadataBytes)]),
  );
}

/** Cuts text to `bytes` of UTF-8 and makes it well-formed, since a lone surrogate cannot be encoded in a trailer. */
function cut(text: string, bytes: number): string {
  const whole = String(text).toWellFormed();
  if (Buffer.byteLength(whole) <= bytes) return whole;
  const head = Buffer.from(whole).subarray(0, bytes - 3);
  return `${head.toString().replace(/\ufffd+$/u, '')}…`;
}
