// Runs the command lines of lines.txt with `docker` standing for likerctl. If LIKER_TEST_DOCKER is the path of a docker
// command whose engine runs, and LIKER_TEST_IMAGE an image, Docker runs the same lines, except those that differ on purpose.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { environment, program as likerctl } from '../harness/likerctl.ts';
import { NetBox } from '../harness/net-box.ts';
import { suite } from '../harness/suite.ts';

interface Line {
  readonly command: string;
  readonly code: number;
  /** Matches the whole stdout without its last newline. */
  readonly pattern: RegExp;
  readonly differs: boolean;
}

const lines = readFileSync(join(import.meta.dirname, 'lines.txt'), 'utf8')
  .split(/\n(?=\$ )/)
  .slice(1)
  .map((block): Line => {
    const [command = '', expected = '', why = ''] = block.split('\n');
    const [, code = '', pattern = ''] = /^(\d+) ?(.*)$/.exec(expected) ?? [];
    return {
      command: command.slice(2),
      code: Number(code),
      pattern: new RegExp(`^${pattern}$`),
      differs: why.startsWith('~ '),
    };
  });

const docker = process.env['LIKER_TEST_DOCKER'];
// Networks and ports of likerd's are made in a network of its own.
const box = docker === undefined ? await NetBox.open() : undefined;
after(() => box?.close());
const s = box && suite({ within: box.machine.within, args: ['--default-network', 'bridge'] });
const work = mkdtempSync(join(tmpdir(), 'lk-docker-'));
before(() => {
  for (const name of ['bin', 'work', 'work/data']) mkdirSync(join(work, name));
  symlinkSync(docker ?? likerctl, join(work, 'bin/docker'));
});
after(() => rmSync(work, { recursive: true, force: true }));

async function run(command: string) {
  const [program = '', ...args] = [...(box?.machine.within ?? []), 'bash', '-c', command];
  const bash = spawn(program, args, {
    cwd: join(work, 'work'),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    env: {
      ...(s === undefined ? process.env : environment(s.daemon)),
      PATH: `${join(work, 'bin')}:${process.env['PATH']}`,
      IMAGE: s?.rootfs ?? process.env['LIKER_TEST_IMAGE'],
    },
  });
  const closed = new Promise<number | null>((resolve) => {
    bash.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([text(bash.stdout), text(bash.stderr), closed]);
  return { stdout: stdout.replace(/\n$/, ''), stderr, code };
}

test('there are at least 150 command lines, each with its answer', () => {
  assert.ok(lines.length >= 150, `${lines.length}`);
  for (const { command, code } of lines) {
    assert.match(command, /\bdocker /);
    assert.ok(!Number.isNaN(code), command);
  }
});

describe("Docker's command lines", { concurrency: 1 }, () => {
  for (const { command, code, pattern, differs } of lines) {
    if (docker !== undefined && differs) continue;
    test(command, async () => {
      const outcome = await run(command);
      const said = `stdout: ${outcome.stdout}\nstderr: ${outcome.stderr}`;
      assert.equal(outcome.code, code, said);
      assert.match(outcome.stdout, pattern, said);
    });
  }
});
