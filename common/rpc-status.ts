import type { SyscallDetail } from './errors.ts';
import { bytesField, intField, readFields, textField, type WireField } from './wire.ts';

/** Metadata key of the google.rpc.Status that explains a failed call. */
export const statusDetailsKey = 'grpc-status-details-bin';

/** Domain of every reason of Liker. */
const errorDomain = 'liker.dev';

/** What Liker puts into the details of a google.rpc.Status. */
export interface StatusDetails {
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Path of the request's field that is at fault. */
  readonly field?: string | undefined;
  readonly syscall?: SyscallDetail | undefined;
}

/** google.rpc.Status with Liker's details. `code` is a number of gRPC. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: StatusDetails;
}

const typeUrl = {
  errorInfo: 'type.googleapis.com/google.rpc.ErrorInfo',
  badRequest: 'type.googleapis.com/google.rpc.BadRequest',
  syscallError: 'type.googleapis.com/liker.v1.SyscallError',
};

/** Bytes of a google.rpc.Status that holds ErrorInfo and, where they apply, BadRequest and liker.v1.SyscallError. */
export function encodeStatus({ code, message, details }: RpcStatus): Buffer {
  const parts = [intField(1, code), textField(2, message), any(typeUrl.errorInfo, errorInfo(details))];
  if (details.field !== undefined) {
    parts.push(any(typeUrl.badRequest, badRequest(details.field, message)));
  }
  if (details.syscall !== undefined) parts.push(any(typeUrl.syscallError, syscallError(details.syscall)));
  return Buffer.concat(parts);
}

function any(type: string, value: Buffer): Buffer {
  return bytesField(3, Buffer.concat([textField(1, type), bytesField(2, value)]));
}

function errorInfo({ reason, metadata = {} }: StatusDetails): Buffer {
  const entries = Object.entries(metadata).map(([key, value]) =>
    bytesField(3, Buffer.concat([textField(1, key), textField(2, value)])),
  );
  return Buffer.concat([textField(1, reason), textField(2, errorDomain), ...entries]);
}

function badRequest(field: string, description: string): Buffer {
  return bytesField(1, Buffer.concat([textField(1, field), textField(2, description)]));
}

function syscallError({ step, syscall, errno, object }: SyscallDetail): Buffer {
  return Buffer.concat([
    textField(1, step),
    textField(2, syscall),
    textField(3, errno),
    textField(4, object),
  ]);
}

/**
 * Reads what {@link encodeStatus} wrote. Details of other types, and an ErrorInfo of another domain, are passed
 * over: `reason` is then empty. Undefined when the bytes are no google.rpc.Status.
 */
export function decodeStatus(bytes: Uint8Array): RpcStatus | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decode(bytes: Uint8Array): RpcStatus {
  let code = 0;
  let message = '';
  let details: StatusDetails = { reason: '' };
  for (const field of readFields(bytes)) {
    if (field.number === 1) code = number(field);
    else if (field.number === 2) message = text(field);
    else if (field.number === 3) details = { ...details, ...decodeAny(buffer(field)) };
  }
  return { code, message, details };
}

function decodeAny(bytes: Buffer): Partial<StatusDetails> {
  const [type, value] = pair(bytes);
  switch (type) {
    case typeUrl.errorInfo:
      return decodeErrorInfo(value);
    case typeUrl.badRequest:
      return decodeBadRequest(value);
    case typeUrl.syscallError:
      return { syscall: decodeSyscallError(value) };
    default:
      return {};
  }
}

function decodeErrorInfo(bytes: Buffer): Partial<StatusDetails> {
  let reason = '';
  let domain = '';
  const metadata: [string, string][] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) reason = text(field);
    else if (field.number === 2) domain = text(field);
    else if (field.number === 3) {
      const [key, value] = pair(buffer(field));
      metadata.push([key, value.toString()]);
    }
  }
  return domain === errorDomain ? { reason, metadata: Object.fromEntries(metadata) } : {};
}

function decodeBadRequest(bytes: Buffer): Partial<StatusDetails> {
  for (const field of readFields(bytes)) {
    if (field.number === 1) return { field: pair(buffer(field))[0] };
  }
  return {};
}

function decodeSyscallError(bytes: Buffer): SyscallDetail {
  const texts = new Map([...readFields(bytes)].map((field) => [field.number, text(field)]));
  const at = (index: number): string => texts.get(index) ?? '';
  return { step: at(1), syscall: at(2), errno: at(3), object: at(4) };
}

/** Fields 1 and 2 of a message: a text and bytes. */
function pair(bytes: Buffer): [string, Buffer] {
  let first = '';
  let second: Buffer = Buffer.alloc(0);
  for (const field of readFields(bytes)) {
    if (field.number === 1) first = text(field);
    else if (field.number === 2) second = buffer(field);
  }
  return [first, second];
}

function number(field: WireField): number {
  return typeof field.value === 'number' ? field.value : 0;
}

function buffer(field: WireField): Buffer {
  if (typeof field.value === 'number') throw new RangeError('a number where bytes are expected');
  return field.value;
}

function text(field: WireField): string {
  return buffer(field).toString();
}
