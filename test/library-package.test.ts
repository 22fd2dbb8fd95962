// The packed library, installed in a folder with nothing but its dependency: its types, the code of its documents, its examples.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test as nodeTest } from 'node:test';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { repository } from './harness/daemon.ts';
import { installLibrary } from './harness/library-package.ts';
import { NetBox } from './harness/net-box.ts';
import { suite } from './harness/suite.ts';

const run = promisify(execFile);
const modules = join(repository, 'node_modules');
const work = mkdtempSync(join(tmpdir(), 'lk-library-'));
after(() => rmSync(work, { recursive: true, force: true }));
// The examples make networks.
const box = await NetBox.open();
after(() => box.close());
const s = suite({ within: box.machine.within, programs: ['python3', 'tr', 'sort'] });
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** Hooks of a file run at the same time: this one needs those of the suite. */
async function install(): Promise<void> {
  assert.deepEqual(await installLibrary(work), ['@grpc/grpc-js']);
  for (const name of ['debian', 'page-image']) await s.ok(['import', '-c', 'CMD ["bash"]', s.rootfs, name]);
}

let installed: Promise<void> | undefined;

function test(name: string, body: () => Promise<void>, options: { skip?: string | false } = {}): void {
  nodeTest(name, options, async () => {
    installed ??= install();
    await installed;
    await body();
  });
}

/** Runs TypeScript as a user of the package; resolves to what it prints. */
async function runs(name: string, source: string): Promise<string> {
  const file = join(work, name);
  writeFileSync(file, source);
  const env = { ...process.env, LIKER_HOST: `unix://${s.daemon.socket}` };
  return (await run(process.execPath, ['--no-warnings', file], { env, timeout: 120_000 })).stdout;
}

const printed = (source: string): string =>
  [...source.matchAll(/\/\/> (.*\n)/g)].map(([, line]) => line).join('');

const blocks = [...read('docs/library.md').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = '']) => block);
const page = blocks.join('\n');

test('docs/library.md: the output of each example', async () => {
  assert.ok(blocks.length > 5);
  assert.equal(await runs('doc.mts', page), printed(page));
});

/** What is declared with a comment. */
const documented = [...globSync('library/*.ts', { cwd: repository }), 'common/errors.ts'].flatMap((path) =>
  [...read(path).matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\nexport (class|interface|type) (\w+)/gs)].map(
    ([, comment = '', kind = '', name = '']) => ({ name, kind, comment }),
  ),
);

/** What a program can import, without the messages of the API, whose fields proto/ documents. */
const exported = [...read('library/index.ts').matchAll(/^export (?:type )?\{([^}]*)\} from '(\S+)';$/gm)]
  .filter(([, , from = '']) => !from.includes('/gen/'))
  .flatMap(([, names = '']) => names.split(',').map((name) => name.replace('type ', '').trim()))
  .filter((name) => name !== '');

test('each export of the library is documented, each class with an example that prints what it says', async () => {
  const names = documented.map(({ name }) => name);
  assert.deepEqual(
    exported.filter((name) => !names.includes(name)),
    [],
  );
  const classes = documented.filter(({ name, kind }) => kind === 'class' && exported.includes(name));
  const examples = classes.flatMap(({ name, comment }) => {
    const [, code] = /@example\n(.*)$/s.exec(comment) ?? [];
    return code === undefined ? [] : [{ name, code: code.replace(/^ \* ?/gm, '') }];
  });
  assert.deepEqual(
    examples.map(({ name }) => name),
    classes.map(({ name }) => name),
  );
  const parts = examples.map(({ code }) => `{\n${code}\n}\n`).join('');
  const source = `import { Liker } from 'liker';
const liker = new Liker();
const image = 'page-image';
await using box = await liker.containers.run({ image, cmd: ['sleep', 'infinity'], network: 'none' });
${parts}`;
  assert.equal(await runs('examples.mts', source), printed(source));
});

test('the types are those of the code, and need no others', async () => {
  const source = `import { Liker, type ExitStatus } from 'liker';
const liker = new Liker();
const box = await liker.containers.run({ image: 'debian', limits: { memory: '64m' } });
const status: ExitStatus = await box.wait();
const code: number = status.code;
// @ts-expect-error There is no such option.
await liker.containers.run({ image: 'debian', limit: {} });
// @ts-expect-error There is no such condition.
await box.waitFor({ ports: 1 });
console.log(code);
`;
  for (const example of ['code-runner.ts', 'queue.ts'])
    copyFileSync(join(repository, 'examples', example), join(work, example));
  writeFileSync(join(work, 'typed.mts'), source);
  writeFileSync(join(work, 'package.json'), '{ "type": "module" }');
  const options = { strict: true, noEmit: true, module: 'nodenext', target: 'esnext', types: ['node'] };
  writeFileSync(
    join(work, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: ['typed.mts', 'code-runner.ts', 'queue.ts'] }),
  );
  await run(join(modules, '.bin/tsc'), ['-p', work]).catch(({ stdout }) => assert.fail(String(stdout)));
});

test('examples/code-runner.ts: whatever the code does, it is answered, and has no network', async () => {
  copyFileSync(join(repository, 'examples/code-runner.ts'), join(work, 'code-runner.ts'));
  const outcome = async (code: string): Promise<Record<string, unknown>> => {
    const env = { ...process.env, LIKER_HOST: `unix://${s.daemon.socket}` };
    const child = spawn(process.execPath, ['--no-warnings', join(work, 'code-runner.ts'), 'debian'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(code);
    return JSON.parse(await text(child.stdout)) as Record<string, unknown>;
  };
  const good = await outcome('print(6 * 7)');
  assert.deepEqual(good, { stdout: '42\n', stderr: '', code: 0 });
  const network = await outcome('import socket; socket.create_connection(("192.0.2.1", 80))');
  assert.equal(network['code'], 1);
  assert.match(String(network['stderr']), /Network is unreachable/);
  const endless = await outcome('print("began", flush=True)\nwhile True: pass');
  assert.deepEqual([endless['stdout'], endless['code']], ['began\n', null]);
  const much = await outcome('while True: print("much" * 1000)');
  assert.equal(much['code'], null);
  const memory = await outcome('x = bytearray(512 << 20)');
  assert.equal(memory['code'], 137);
});

test('examples/queue.ts: many containers, whose output and exit status are theirs, and of which none is left', async () => {
  copyFileSync(join(repository, 'examples/queue.ts'), join(work, 'queue.ts'));
  const count = process.env['LIKER_SCALE'] ?? '60';
  const env = { ...process.env, LIKER_HOST: `unix://${s.daemon.socket}` };
  const args = ['--no-warnings', join(work, 'queue.ts'), 'debian', count];
  const { stdout } = await run(process.execPath, args, { env });
  assert.equal(stdout, `${count} of ${count} jobs are right\n`);
  assert.equal(await s.ok(['ps', '-aq']), '');
  assert.equal(await s.ok(['lease', 'ls', '-q']), '');
});

/** What runs a program; Node.js 22 and Deno are of what scripts/setup installs from test/runtimes. */
const runtimes = {
  'Node.js 22': ['dist/runtimes/node_modules/node-22/bin/node'],
  Bun: ['node_modules/@oven/bun-linux-x64-baseline/bin/bun'],
  Deno: ['dist/runtimes/node_modules/.bin/deno', 'run', '--allow-all'],
};

for (const [name, [bin = '', ...args]] of Object.entries(runtimes)) {
  const program = join(repository, bin);
  test(
    `docs/library.md by ${name}`,
    async () => {
      const file = join(work, 'doc.mjs');
      writeFileSync(file, (await transform(page, { loader: 'ts', target: 'node22' })).code);
      const env = { ...process.env, LIKER_HOST: `unix://${s.daemon.socket}` };
      const { stdout } = await run(program, [...args, file], { cwd: work, env, timeout: 120_000 });
      assert.equal(stdout, printed(page));
    },
    { skip: !existsSync(program) && `needs ${name}, which npm could not install` },
  );
}
