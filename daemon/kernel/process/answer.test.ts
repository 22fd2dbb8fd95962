import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fromShim } from '../../../common/shim/protocol.ts';
import { readAnswer } from './answer.ts';

const folder = mkdtempSync(join(tmpdir(), 'lk-answer-'));
after(() => rmSync(folder, { recursive: true }));
const pipe = join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);

/** Hands over what is written to the pipe, whose other end stays open. */
async function answerTo(bytes: Buffer, take: Parameters<typeof readAnswer>[2]): Promise<void> {
  const writer = openSync(pipe, 'r+');
  const answer = readAnswer(openSync(pipe, 'r'), 60_000, take);
  writeSync(writer, bytes);
  await answer.finally(() => closeSync(writer));
}

test('an invalid answer fails only the call that requested it', async () => {
  await assert.rejects(
    answerTo(Buffer.alloc(64, 0xff), () => 60_000),
    /The shim sent a frame of 4294967295 bytes/,
  );
  const empty = Buffer.alloc(12);
  empty.writeUInt32LE(8);
  empty[4] = fromShim.user;
  await assert.rejects(
    answerTo(empty, (_type, _process, payload) => payload.u32()),
    RangeError,
  );
});
