import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { notifyManager } from './libliker.ts';

const socat = { skip: !existsSync('/usr/bin/socat') && 'needs socat, which this machine lacks' };

/** Sends to a socat that takes one datagram, as soon as it listens; answers what it got. */
async function received(address: string, path: string, message: string): Promise<string> {
  const child = spawn('socat', ['-u', address, 'STDOUT'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const got = text(child.stdout);
  for (;;) {
    try {
      notifyManager(path, message);
      return await got;
    } catch {
      await sleep(5);
    }
  }
}

test('a datagram reaches the socket of a service manager', socat, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-notify-'));
  const path = join(folder, 'notify');
  assert.equal(await received(`UNIX-RECVFROM:${path}`, path, 'READY=1\nSTATUS=ä'), 'READY=1\nSTATUS=ä');
  rmSync(folder, { recursive: true });
});

test('a datagram reaches an abstract socket too', socat, async () => {
  const name = `liker-notify-${process.pid}`;
  assert.equal(await received(`ABSTRACT-RECVFROM:${name}`, `@${name}`, 'READY=1'), 'READY=1');
});

test('a missing socket and invalid paths are refused', () => {
  assert.throws(() => notifyManager('/nowhere/notify', 'READY=1'), {
    message: /'\/nowhere\/notify': sendto failed with ENOENT/,
  });
  assert.throws(() => notifyManager('vsock:2:9', 'READY=1'), /EINVAL/);
  assert.throws(() => notifyManager(`/${'x'.repeat(200)}`, 'READY=1'), /ENAMETOOLONG/);
});
