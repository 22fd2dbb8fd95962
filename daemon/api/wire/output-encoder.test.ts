import assert from 'node:assert/strict';
import { test } from 'node:test';
import { v1 } from '../../../test/harness/services.ts';
import { withFastOutput } from './output-encoder.ts';

const general = v1.SessionService.service.Run;
const fast = withFastOutput(v1.SessionService.service).Run;

for (const stream of ['stdout', 'stderr'] as const) {
  test(`${stream} chunks are encoded as the general encoder does`, () => {
    for (const offset of [0, 1, 127, 128, 65_536, 2 ** 32, 2 ** 40 + 5]) {
      for (const length of [1, 127, 128, 4096, 65_536, 200_000]) {
        const message = { output: { [stream]: { offset, data: Buffer.alloc(length, offset % 251) } } };
        assert.deepEqual(fast.responseSerialize(message), general.responseSerialize(message));
      }
    }
  });
}

test('other frames are left to the general encoder', () => {
  const message = { output: { warning: { reason: 'OUTPUT_LOST', message: 'gone' } } };
  assert.deepEqual(fast.responseSerialize(message), general.responseSerialize(message));
});
