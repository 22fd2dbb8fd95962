import assert from 'node:assert/strict';
import { test } from 'node:test';
import { v1 } from '../../../test/harness/services.ts';
import { withFastFiles, withFastImages, withFastOutput } from './output-encoder.ts';

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

test('the bytes of archives are encoded as the general encoder does', () => {
  const { FileService, ImageService } = v1;
  const pairs = [
    [FileService.service.ReadFiles, withFastFiles(FileService.service).ReadFiles],
    [FileService.service.ExportFiles, withFastFiles(FileService.service).ExportFiles],
    [ImageService.service.SaveImages, withFastImages(ImageService.service).SaveImages],
  ] as const;
  for (const [slow, quick] of pairs)
    for (const length of [0, 1, 127, 128, 65_536, 300_000]) {
      const message = { data: Buffer.alloc(length, length % 251) };
      assert.deepEqual(
        quick.responseSerialize(message),
        slow.responseSerialize(message),
        `${slow.path} ${length}`,
      );
    }
  const progress = { progress: { digest: 'sha256:0', bytes: 1 } };
  const save = withFastImages(ImageService.service).SaveImages;
  assert.deepEqual(
    save.responseSerialize(progress),
    ImageService.service.SaveImages.responseSerialize(progress),
  );
});

test('other frames are left to the general encoder', () => {
  const message = { output: { warning: { reason: 'OUTPUT_LOST', message: 'gone' } } };
  assert.deepEqual(fast.responseSerialize(message), general.responseSerialize(message));
});
