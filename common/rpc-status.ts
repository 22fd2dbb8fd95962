import type { SyscallDetail } from './errors.ts';
import { encodeFields, WireMessage } from './wire.ts';

/** The metadata key of the google.rpc.Status for a failed call. */
export const statusDetailsKey = 'grpc-status-details-bin';

/** The domain of Liker's reasons. */
const errorDomain = 'liker.dev';

/** Liker's details in a google.rpc.Status. */
export interface StatusDetails {
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The path of the invalid field in the request. */
  readonly field?: string | undefined;
  readonly syscall?: SyscallDetail | undefined;
}

/** A google.rpc.Status with Liker's details. `code` is a gRPC status code. */
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

/** Encodes a google.rpc.Status with ErrorInfo and, if they apply, BadRequest and liker.v1.SyscallError. */
export function encodeStatus({ code, message, details }: RpcStatus): Buffer {
  const { reason, metadata = {}, field, syscall } = details;
  const entries = Object.entries(metadata).map((entry) => [3, texts(...entry)] as const);
  const parts = [any(typeUrl.errorInfo, encodeFields([1, reason], [2, errorDomain], ...entries))];
  if (field !== undefined) parts.push(any(typeUrl.badRequest, encodeFields([1, texts(field, message)])));
  if (syscall !== undefined) {
    const { step, syscall: call, errno, object } = syscall;
    parts.push(any(typeUrl.syscallError, texts(step, call, errno, object)));
  }
  return encodeFields([1, code], [2, message], ...parts);
}

/** A google.protobuf.Any in the field of a Status. */
function any(type: string, value: Uint8Array) {
  return [3, encodeFields([1, type], [2, value])] as const;
}

/** A message whose fields are these texts. */
function texts(...values: readonly string[]): Uint8Array {
  return encodeFields(...values.map((value, index) => [index + 1, value] as const));
}

/**
 * Decodes what {@link encodeStatus} wrote. Skips details of other types and an ErrorInfo of another domain, which leaves `reason`
 * empty. Undefined if the bytes are not a google.rpc.Status.
 */
export function decodeStatus(bytes: Uint8Array): RpcStatus | undefined {
  try {
    const status = new WireMessage(bytes);
    const parts = status
      .messages(3)
      .flatMap((any) => any.bytes(2).map((value) => decodePart(any.text(1), value)));
    return {
      code: status.number(1),
      message: status.text(2),
      details: Object.assign({ reason: '' }, ...parts),
    };
  } catch {
    return undefined;
  }
}

function decodePart(type: string, bytes: Uint8Array): Partial<StatusDetails> {
  const part = new WireMessage(bytes);
  switch (type) {
    case typeUrl.errorInfo:
      if (part.text(2) !== errorDomain) return {};
      return {
        reason: part.text(1),
        metadata: Object.fromEntries(part.messages(3).map((entry) => [entry.text(1), entry.text(2)])),
      };
    case typeUrl.badRequest: {
      const [violation] = part.messages(1);
      return violation ? { field: violation.text(1) } : {};
    }
    case typeUrl.syscallError:
      return {
        syscall: { step: part.text(1), syscall: part.text(2), errno: part.text(3), object: part.text(4) },
      };
    default:
      return {};
  }
}
