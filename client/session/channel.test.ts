import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeHeader, u64s } from '../../common/shim/encode.ts';
import { fromShim } from '../../common/shim/protocol.ts';
import { runServer } from '../test/fake-server.ts';
import { PipedLikerctl } from '../test/likerctl.ts';

function frame(type: number, stream: number, ...parts: Buffer[]): Buffer {
  return Buffer.concat([encodeHeader(type, stream, 0, parts), ...parts]);
}

test('what comes from the shim before the last bytes from likerd is shown after them', {
  timeout: 30_000,
}, async () => {
  await using server = await runServer(async (session) => {
    await session.ready();
    await session.readStdin(1);
    await session.send({ stdout: { offset: 0, data: Buffer.from('one ') } });
    const path = join(server.folder, 'shim.sock');
    const shim = createServer().listen(path);
    await session.send({ channel: { path } });
    const [socket] = (await once(shim, 'connection')) as [Socket];
    socket.write(frame(fromShim.opened, 0, u64s(8n, 0n, 0n)));
    socket.write(frame(fromShim.data, 1, u64s(8n), Buffer.from('three\n')));
    // The client sends its stdin again once it has seen the first frame.
    await once(socket, 'data');
    await session.send({ stdout: { offset: 4, data: Buffer.from('two ') } });
    socket.end(frame(fromShim.exit, 0));
    await session.send({ outputEnd: { stdoutBytes: 14, stderrBytes: 0 } });
    while ((await session.nextInput())?.frame !== 'outputTaken');
    await session.exit(0);
    shim.close();
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '-i', '/', 'cat']);
  client.child.stdin.write('a');
  const { code, stdout, stderr } = await client.outcome();
  assert.deepEqual([code, stdout, stderr], [0, 'one two three\n', '']);
});
