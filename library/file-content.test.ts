import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tarEnd, tarHeader, tarPadding } from '../common/tar.ts';
import { fileContent } from './file-content.ts';

test('the archive is left when its file is read, or not read to its end', async () => {
  let left = 0;
  async function* archive() {
    try {
      yield tarHeader({ kind: 'file', name: 'file', size: 6 });
      yield Buffer.from('abc');
      yield Buffer.from('def');
      yield Buffer.concat([tarPadding(6), tarEnd()]);
    } finally {
      left += 1;
    }
  }
  assert.equal(String(Buffer.concat(await Array.fromAsync(fileContent(archive(), '/file')))), 'abcdef');
  assert.equal(left, 1);
  for await (const part of fileContent(archive(), '/file')) {
    assert.equal(String(part), 'abc');
    break;
  }
  assert.equal(left, 2);
});
