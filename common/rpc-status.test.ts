import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import { decodeStatus, encodeStatus, type RpcStatus } from './rpc-status.ts';

const proto = protobuf.parse(`
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message FieldViolation { string field = 1; string description = 2; }
  message BadRequest { repeated FieldViolation field_violations = 1; }
  message SyscallError { string step = 1; string syscall = 2; string errno = 3; string object = 4; }
  message RetryInfo { fixed64 a = 1; fixed32 b = 2; sint64 c = 3; }
`).root;

const status: RpcStatus = {
  code: 13,
  message: 'Cannot mount ‘/proc’: '.padEnd(300, 'x'),
  details: {
    reason: 'SYSCALL',
    metadata: { container: 'web', empty: '' },
    field: 'spec.mounts[0].target',
    syscall: { step: 'mount', syscall: 'move_mount', errno: 'EPERM', object: '/proc' },
  },
};

function plain(type: string, bytes: Uint8Array): Record<string, unknown> {
  const message = proto.lookupType(type);
  return message.toObject(message.decode(bytes)) as Record<string, unknown>;
}

test('protobufjs reads the status that Liker writes', () => {
  const read = plain('Status', encodeStatus(status));
  assert.equal(read['code'], 13);
  assert.equal(read['message'], status.message);
  const details = read['details'] as { typeUrl: string; value: Uint8Array }[];
  const byType = new Map(details.map((any) => [any.typeUrl.replace(/.*\./, ''), any.value]));
  assert.deepEqual(plain('ErrorInfo', byType.get('ErrorInfo') ?? Buffer.alloc(0)), {
    reason: 'SYSCALL',
    domain: 'liker.dev',
    metadata: { container: 'web', empty: '' },
  });
  assert.deepEqual(plain('BadRequest', byType.get('BadRequest') ?? Buffer.alloc(0)), {
    fieldViolations: [{ field: 'spec.mounts[0].target', description: status.message }],
  });
  assert.deepEqual(
    plain('SyscallError', byType.get('SyscallError') ?? Buffer.alloc(0)),
    status.details.syscall as unknown as Record<string, unknown>,
  );
});

test('Liker reads the status that it writes', () => {
  assert.deepEqual(decodeStatus(encodeStatus(status)), status);
});

test('details of other types and of other domains are skipped', () => {
  const encode = (type: string, value: Record<string, unknown>): Uint8Array =>
    proto.lookupType(type).encode(proto.lookupType(type).fromObject(value)).finish();
  const bytes = encode('Status', {
    code: 9,
    message: 'm',
    details: [
      {
        typeUrl: 'type.googleapis.com/google.rpc.RetryInfo',
        value: encode('RetryInfo', { a: 1, b: 2, c: -3 }),
      },
      {
        typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo',
        value: encode('ErrorInfo', { reason: 'X', domain: 'elsewhere.example' }),
      },
    ],
  });
  assert.deepEqual(decodeStatus(bytes), { code: 9, message: 'm', details: { reason: '' } });
});

test('bytes that are not a status give undefined', () => {
  for (const bytes of [Buffer.from([0x1a, 0xff]), Buffer.from([0x07]), Buffer.alloc(20, 0xff)]) {
    assert.equal(decodeStatus(bytes), undefined);
  }
});
