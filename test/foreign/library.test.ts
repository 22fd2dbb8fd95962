// The Python library from its wheel: the code of its document, each of its words, and what happens when likerd or the program is killed.
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test as nodeTest } from 'node:test';
import { promisify } from 'node:util';
import { repository } from '../harness/daemon.ts';
import { NetBox } from '../harness/net-box.ts';
import { suite } from '../harness/suite.ts';
import { until, within } from '../harness/until.ts';
import { missingForPython, python } from './missing.ts';

const run = promisify(execFile);
const work = mkdtempSync(join(tmpdir(), 'lk-python-'));
after(() => rmSync(work, { recursive: true, force: true }));
const box = await NetBox.open();
after(() => box.close());
const s = suite({ within: box.machine.within, programs: ['python3', 'tr', 'sort', 'id', 'dd', 'truncate'] });

/** What a program has in its environment: the wheel and the daemon. */
const env = () => ({ ...process.env, PYTHONPATH: work, LIKER_HOST: `unix://${s.daemon.socket}` });

async function install(): Promise<void> {
  const { stdout } = await run(python, [join(repository, 'scripts/build-wheel.py'), '--output', work]);
  await run(python, ['-m', 'zipfile', '-e', stdout.trim(), work]);
  await s.ok(['import', '-c', 'CMD ["bash"]', s.rootfs, 'debian']);
}

let installed: Promise<void> | undefined;

function test(name: string, body: () => Promise<void>): void {
  nodeTest(name, { skip: missingForPython() }, async () => {
    installed ??= install();
    await installed;
    await body();
  });
}

const runs = async (args: readonly string[]): Promise<string> =>
  (await run(python, [...args], { env: env(), timeout: 300_000 })).stdout;

/** A program that goes on, and what it has printed. */
function starts(program: string) {
  const child = spawn(python, ['-u', '-c', program, s.rootfs], {
    env: env(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  after(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    printed += piece;
  });
  const lines = (count: number) =>
    until(`${count} lines of the program`, () => {
      const all = printed.split('\n').slice(0, -1);
      return all.length >= count && all;
    });
  return { child, ended, lines };
}

const start = `
import sys, threading, time
from liker import Liker
def sleeper(liker):
    return liker.containers.run(directory=sys.argv[1], cmd=["sleep", "1000"], network="none")
`;

test('docs/python.md: the output of each example', async () => {
  const doc = readFileSync(join(repository, 'docs/python.md'), 'utf8');
  const blocks = [...doc.matchAll(/^```python\n(.*?)^```$/gms)].map(([, block = '']) => block);
  assert.ok(blocks.length > 5);
  writeFileSync(join(work, 'doc.py'), blocks.join('\n'));
  const printed = [...blocks.join('').matchAll(/^#> (.*\n)/gm)].map(([, line]) => line).join('');
  assert.equal(await runs([join(work, 'doc.py')]), printed);
});

test('each word, by its effect', async () => {
  const output = await runs([join(import.meta.dirname, 'library.py'), s.rootfs]);
  assert.match(output, /ok containers\n.*ok words\n$/s);
  assert.equal(await s.ok(['ps', '-aq']), '');
});

test('a process goes on while likerd is killed and comes back, and so do calls, events and leases', async () => {
  const { child, ended, lines } = starts(`${start}
with Liker(lease=True) as liker:
    box = sleeper(liker)
    events = liker.events(filters={"event": "die"})
    job = box.exec(["sh", "-c", "echo before; cat | sha256sum; exit 5"], stdin=True)
    out = box.exec(["sh", "-c", "head -c 20000000 /dev/zero; echo end; exit 6"])
    print(job.stdout.readline())
    print(len(out.stdout.read(7000000)))
    # gRPC must not have received more by then than likerd can send again.
    written = [0, 1]
    while written[-1] != written[-2]:
        time.sleep(0.2)
        with open(f"/proc/{out.pid}/io") as counts:
            written.append(counts.readlines()[1])
    print("stalled")
    input()
    feed = threading.Thread(target=lambda: [job.stdin.write(b"liker" * 1000000), job.stdin.close()])
    feed.start()
    box.inspect()
    print(job.stdout.readline(), job.wait().code)
    rest = out.stdout.read()
    print(len(rest), rest[-4:], out.wait().code, job.warnings, out.warnings)
    box.kill()
    print(next(events).subject_id == box.id)
`);
  await lines(3);
  await s.daemon.kill9();
  child.stdin.end('go\n');
  await s.daemon.start();
  await within('the program', ended);
  const { stdout: sum } = spawnSync('sha256sum', {
    input: Buffer.alloc(5_000_000, 'liker'),
    encoding: 'utf8',
  });
  assert.deepEqual(await lines(0), [
    "b'before\\n'",
    '7000000',
    'stalled',
    `b'${sum.trim()}\\n' 5`,
    `${20_000_004 - 7_000_000} b'end\\n' 6 [] []`,
    'True',
  ]);
  assert.equal(await s.ok(['ps', '-aq']), '');
});

test('a killed program leaves neither processes nor, with a lease, containers; no handle keeps one alive', async () => {
  const idle = `${start}
liker = Liker(lease=True)
box = sleeper(liker)
job = box.exec(["sleep", "1000"], stdin=True)
next(liker.events(since=0))
print(job.pid > 0)
`;
  assert.equal(await runs(['-c', idle, s.rootfs]), 'True\n');
  const other = await s.detached(['--network', 'none'], ['sleep', '1000']);
  const { child, lines } = starts(`${start}
box = sleeper(Liker(lease=True))
job = Liker().containers.get("${other}").exec(["sleep", "88"])
print(box.id)
job.wait()
`);
  const [id = ''] = await lines(1);
  assert.equal((await s.inspect(id)).State.Running, true);
  child.kill('SIGKILL');
  await until('the container to be gone', async () => (await s.likerctl(['inspect', id])).code !== 0);
  const sleeps = ['exec', other, 'sh', '-c', 'grep -l "^sleep.88" /proc/[0-9]*/cmdline; true'];
  await until('the process to be gone', async () => (await s.ok(sleeps)) === '');
  await s.ok(['rm', '-f', other]);
});
