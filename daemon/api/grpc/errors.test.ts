import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { badArgument, LikerError, reasons, statusCodes } from '../../../common/errors.ts';
import { detailsOf, type LogLine, memoryLog } from '../../test/api-fixture.ts';
import { toServiceError } from './errors.ts';

const log = memoryLog([]);

test('every reason has its status and is in the details', () => {
  for (const [reason, name] of Object.entries(reasons)) {
    const error = toServiceError(new LikerError(reason as keyof typeof reasons, 'Cannot do it'), log);
    assert.equal(error.code, statusCodes[name]);
    assert.equal(error.code, status[name]);
    assert.equal(error.details, 'Cannot do it');
    assert.equal(detailsOf(error)?.details.reason, reason);
    assert.equal(detailsOf(error)?.code, error.code);
  }
});

test("the field and the kernel's error are in the details", () => {
  assert.equal(detailsOf(toServiceError(badArgument('spec.name', 'Bad'), log))?.details.field, 'spec.name');
  const syscall = { step: 'mount', syscall: 'fsopen', errno: 'EPERM', object: '/proc' };
  const error = toServiceError(new LikerError('SYSCALL', 'Cannot mount', { syscall }), log);
  assert.deepEqual(detailsOf(error)?.details.syscall, syscall);
});

test('an error about a limit names the field of that limit', () => {
  const limit = (knob: string) => {
    const error = new LikerError('LIMIT_REFUSED', 'No', { knob, metadata: { path: '/x' } });
    return detailsOf(toServiceError(error, log))?.details;
  };
  const field = 'spec.resources.cpu.shares';
  assert.deepEqual(
    [limit('cpu.shares')?.field, limit('cpu.shares')?.metadata],
    [field, { path: '/x', field }],
  );
  assert.equal(limit('process.rlimits')?.field, 'spec.process.rlimits');
});

test('an internal fault is INTERNAL: the log has its stack, and the client does not get it', () => {
  const lines: LogLine[] = [];
  const error = toServiceError(new TypeError('x is not a function\n    at secret.ts'), memoryLog(lines));
  assert.equal(error.code, status.INTERNAL);
  assert.equal(error.details, 'Internal error: x is not a function');
  assert.equal(detailsOf(error)?.details.reason, 'INTERNAL');
  assert.equal(lines.length, 1);
  const logged = lines[0]?.fields['error'];
  assert.ok(logged instanceof Error && /errors\.test\.ts/.test(logged.stack ?? ''));
  assert.equal(toServiceError('a text', log).details, 'Internal error: a text');
});

test('trailers stay small and valid, whatever the text', () => {
  const text = `\ud800${'ü'.repeat(100_000)}`;
  const error = toServiceError(
    new LikerError('SYSCALL', text, {
      metadata: { object: text },
      syscall: { step: 'mount', syscall: 'open', errno: 'ENOENT', object: text },
    }),
    log,
  );
  assert.ok(Buffer.byteLength(error.details) <= 1024);
  assert.ok(error.details.endsWith('ü…'));
  assert.doesNotThrow(() => encodeURI(error.details));
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  assert.ok((bytes as Buffer).length < 4096);
});
