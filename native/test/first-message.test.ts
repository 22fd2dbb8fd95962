// The first message of a session, as likerctl in C makes it of a command line, beside what the TypeScript client makes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { type Flag, spellings } from '../../client/cli/flag.ts';
import { parseCommandLine, parseGlobalFlags } from '../../client/cli/parse.ts';
import { exec } from '../../client/commands/exec.ts';
import { run } from '../../client/commands/run.ts';
import { hostFrom, socketPath } from '../../client/connection/address.ts';
import { Random } from '../../fuzz/random.ts';
import { SessionService } from '../../proto/gen/daemon-codecs.ts';
import { type FrontCommand, frontCommands } from '../../scripts/front/commands.ts';

const native = join(import.meta.dirname, '..');
const host = 'unix:///tmp/a/liker.sock';

/** What a line opens: the socket and the decoded message without its request_id; null: it is left to the TypeScript client. */
type Opened = readonly [socket: string, message: object] | null;

const commands = { run, exec };
const named = (name = ''): FrontCommand | undefined => frontCommands.find((known) => known.name === name);

function decoded(command: FrontCommand, bytes: Uint8Array): object {
  const { start } = SessionService[command.method].requestDeserialize(Buffer.from(bytes));
  return { ...start, requestId: '' };
}

/** The program, and as whom it is executed. */
interface Asked {
  readonly program: string;
  readonly uid: number;
}

const here: Asked = { program: join(native, 'build/first-message'), uid: 0 };

function answers(input: string | Buffer, env: NodeJS.ProcessEnv = {}, { program, uid } = here): string {
  return execFileSync(program, {
    input,
    uid,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    env: { ...env, ASAN_OPTIONS: 'detect_leaks=0' },
  });
}

/** What likerctl in C opens. */
function openedByC(
  lines: readonly (readonly string[])[],
  env: NodeJS.ProcessEnv = { LIKER_HOST: host },
  asked = here,
): Opened[] {
  const input = lines.map((line) => [line.length, ...line].map((word) => `${word}\0`).join('')).join('');
  return answers(input, env, asked)
    .trimEnd()
    .split('\n')
    .map((answer, index) => {
      if (answer === 'leave') return null;
      const [socket = '', hex = ''] = answer.split(' ');
      const command = named(parseGlobalFlags(lines[index] ?? []).operands[0]);
      assert.ok(command, JSON.stringify(lines[index]));
      return [socket, decoded(command, Buffer.from(hex, 'hex'))];
    });
}

/** What the TypeScript client opens. Throws if the command line is wrong, or if it says what no message does. */
function openedByTypeScript(line: readonly string[]): Opened {
  const { flags: globals, operands } = parseGlobalFlags(line);
  const [name, ...argv] = operands;
  const command = named(name);
  if (command === undefined) throw new Error(`'${name}' opens no session`);
  const { flags } = parseCommandLine(commands[command.name as keyof typeof commands], argv);
  const known = new Set(knownFlags(command).map(({ flag }) => flag.name));
  const other = command.flags.find((flag) => flags.has(flag.name) && !known.has(flag.name));
  if (other !== undefined || flags.bool('help')) throw new Error(`--${other?.name} is not known to C`);
  const socket = socketPath(flags.text('host') ?? globals.text('host') ?? host);
  return [socket, decoded(command, command.message(argv))];
}

before(() => execFileSync('make', ['-s', '-C', native, 'build/first-message']));

function agree(lines: readonly (readonly string[])[]): void {
  for (const [index, opened] of openedByC(lines).entries())
    assert.deepEqual(opened, openedByTypeScript(lines[index] ?? []), JSON.stringify(lines[index]));
}

function leave(lines: readonly (readonly string[])[]): void {
  for (const [index, opened] of openedByC(lines).entries())
    assert.equal(opened, null, JSON.stringify(lines[index]));
}

const plain: Readonly<Record<string, readonly string[]>> = {
  run: ['debian:12', 'ls', '-la', '--rm', '--'],
  exec: ['web', 'ls', '-it', '--'],
};

/** Values that C reads, by kind of flag. */
const values = {
  TEXT: ['a', 'é  b=c:d'],
  LIST: ['a', "'b'\n", '"'],
  PAIR: ['A=b', 'B=', 'é x==y'],
  ENTRY: ['a=b', 'a=', 'a', 'é=c=d', 'constructor=x'],
  MOUNT: ['/a:/b', '/:/b/../c:ro', 'data:/a', '/a/b.c:/é,=:rw', 'V_1.x-y:/:ro', '-a:/b', '_a:/b'],
  NUMBER: ['1', '999999999'],
  SIZE: ['1', '64m', '1024K', '7g', '9b'],
  CPUS: ['1', '1.5', '0.25', '16.01', '999999.99'],
};

/** Every command with each flag that C knows: the words of a line between them. */
function knownFlags({
  flags,
  known,
}: FrontCommand): { readonly flag: Flag; readonly texts: readonly string[] }[] {
  const all = Object.entries(known).flatMap(([kind, names]) =>
    Array.isArray(names)
      ? names.map((name: string) => ({ name, texts: values[kind as keyof typeof values] ?? [] }))
      : Object.entries(names).map(([name, words]) => ({ name, texts: words as readonly string[] })),
  );
  return all.map(({ name, texts }) => {
    const flag = flags.find((own) => own.name === name);
    assert.ok(flag, name);
    return { flag, texts };
  });
}

/** All ways to write a flag with a value, or one without. */
function written(flag: Flag, text: string | undefined): string[][] {
  return spellings(flag).flatMap((spelling) => {
    if (text === undefined) return [[spelling]];
    const attached = spelling.startsWith('--')
      ? [[`${spelling}=${text}`]]
      : [[`${spelling}${text}`], [`${spelling}=${text}`]];
    return [[spelling, text], ...attached.filter(([word]) => word !== `${spelling}=`)];
  });
}

/** One way to write each known flag, with the first of its values. */
function examples(command: FrontCommand): string[] {
  return knownFlags(command).map(({ flag, texts: [text] }) =>
    text === undefined ? `--${flag.name}` : `--${flag.name}=${text}`,
  );
}

function line(command: FrontCommand, ...words: string[]): string[] {
  return [command.name, ...words, ...(plain[command.name] ?? [])];
}

const isRepeatable = (word: string): boolean =>
  frontCommands.some(({ known: { LIST, PAIR, ENTRY, MOUNT } }) =>
    [...LIST, ...PAIR, ...ENTRY, ...MOUNT].some((name) => word.startsWith(`--${name}=`)),
  );

for (const command of frontCommands) {
  test(`${command.name}: each flag alone, in every spelling and with every kind of value`, () => {
    agree([
      line(command),
      ...knownFlags(command).flatMap(({ flag, texts }) =>
        (texts.length === 0 ? [undefined] : texts).flatMap((text) =>
          written(flag, text).map((words) => line(command, ...words)),
        ),
      ),
    ]);
  });

  test(`${command.name}: all pairs of flags`, () => {
    const pairs = examples(command).flatMap((one) => examples(command).map((other) => [one, other] as const));
    const isLeft = ([one, other]: readonly [string, string]): boolean =>
      (one === other && !isRepeatable(one)) ||
      // Here stdin is no terminal.
      (one !== other && [one, other].every((word) => word === '--interactive' || word === '--tty'));
    agree(pairs.filter((pair) => !isLeft(pair)).map((pair) => line(command, ...pair)));
    leave(pairs.filter(isLeft).map((pair) => line(command, ...pair)));
  });
}

test('what stands before and behind the flags', () => {
  agree([
    ['-H', 'unix:///run/b', 'run', 'debian'],
    ['--host=unix:///run/b', 'exec', 'web', 'ls'],
    ['-Hunix:///run/b', 'run', '--', 'debian'],
    ['--', 'run', 'debian', '--name', 'x'],
    ['run', '-H=unix:///run/b', 'debian'],
    ['exec', '--host', 'unix:///run/b', '--', 'web', '--', 'ls'],
    ['exec', '-', '-'],
    ['exec', 'wéb', '', '', 'é'],
    ['run', 'a.example:5000/b/c-d:1.2_3@sha256:0123', ''],
    ['run', '/', 'true'],
    ['run', '/a/b..c/.d', 'ls', '.', ':', 'a=b'],
    ['run', '-ie', 'A=b', '--rm', '-u=0:0', '-w/tmp', '-c', '5', 'a', '-t'],
    ['exec', '-te=A=b', '-uroot', '-w', '/', 'web', 'sh'],
  ]);
});

/** Lines that are wrong, or that only the TypeScript client understands. */
const others: readonly (readonly string[])[] = [
  ...[
    [],
    ['ps'],
    ['help'],
    ['--help'],
    ['-v'],
    ['--version', 'run', 'a'],
    ['run'],
    ['exec'],
    ['exec', 'web'],
    ['runn', 'a'],
  ],
  ...[
    ['--', '-H'],
    ['container', 'run', 'a'],
    ['-H', 'run', 'a'],
    ['-H', '', 'run', 'a'],
    ['-Hunix:///a/../b', 'run', 'a'],
  ],
  ...[
    ['-H', '/a', 'run', 'a'],
    ['-H', 'tcp://a', 'run', 'a'],
    ['-H', 'unix:///a', 'run', '-H', 'unix:///a', 'b'],
  ],
  ...[
    [`-Hunix:///${'a'.repeat(107)}`, 'run', 'a'],
    ['-Hunix://a', 'run', 'a'],
    ['-Hunix:///', 'run', '-H'],
  ],
  ...['', '.', './a', '..', '~', '~/a', 'A', 'a b', 'é', 'a*'].map((root) => ['run', root, 'ls']),
  ...['/a', '/a:rw', '/a/', '//', '/a//b', '/./a', '/a/..', '/a:b', '/a:ro'].map((root) => ['run', root]),
  ...['/a:rw', '/a/', '//', '/a//b', '/./a', '/a/..', '/a:b', '/a:ro'].map((root) => ['run', root, 'ls']),
  ...[
    '--help',
    '-d',
    '--detach',
    '--pull=always',
    '--init=false',
    '--init=true',
    '--no-init',
    '--rm=1',
    '-it=true',
  ].map((word) => ['run', word, 'a']),
  ...['-e', '--env', '--name', '-it', '-ie', '--foo', '-Q', '-é', '--', '-H'].map((word) => ['run', word]),
  ...['-e=', '-e=A', '-eA', '-e==b', '--env=', '--name=', '-w=', '-l=', '-l==b', '--label=__proto__=x'].map(
    (word) => [...['run', word, 'a']],
  ),
  ...['0', '-1', '01', '1k', '1.0', '', '1e3', '1234567890', ' 1', '0x1'].map((text) => [
    'run',
    '--pids-limit',
    text,
    'a',
  ]),
  ...['0', '-1', '1.5g', '1kb', '1t', '1gib', 'k', '', '9999999999', '8388608g', '1 k'].map((text) => [
    'run',
    '-m',
    text,
    'a',
  ]),
  ...['0', '0.0', '.5', '1.', '1.234', '01', '1000000', '-1', '1,5', '0x1', '1.a'].map((text) => [
    'run',
    '--cpus',
    text,
    'a',
  ]),
  ...['net', 'bridge', 'container:a', 'hosts', '', 'none,'].map((text) => ['run', '--net', text, 'a']),
  ...[
    '/a',
    'a',
    '/a:b',
    'a:b',
    ':/a',
    '/a:/b:',
    '/a:/b:Z',
    '/a:/b:ro,z',
    '/a:/b:ro:rw',
    '/a/:/b',
    './a:/b',
    '~:/b',
    '.a:/b',
    'a+b:/c',
    '',
  ].map((text) => ['run', '-v', text, 'a']),
  ['run', '--net', 'host', '--network', 'none', 'a'],
  ['run', '--name', 'a', '--name', 'b', 'a'],
  ['exec', '-uroot', '--user=0', 'web', 'ls'],
  ['exec', '-ti', 'web', 'ls'],
  ['run', 'a', 'x'.repeat(1 << 20)],
];

test('what is wrong, or not plain enough, is left to the TypeScript client', () => leave(others));

test('the socket is the one that the TypeScript client would take from the environment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-run-'));
  const program = join(folder, 'first-message');
  copyFileSync(join(native, 'build/first-message'), program);
  mkdirSync(join(folder, 'liker'));
  writeFileSync(join(folder, 'liker/liker.sock'), '');
  for (const path of [folder, join(folder, 'liker')]) chmodSync(path, 0o755);
  const nobody = 65534;
  chownSync(folder, nobody, nobody);
  try {
    for (const uid of [0, nobody])
      for (const env of [
        { LIKER_HOST: 'unix:///a/b' },
        { LIKER_HOST: 'unix:///a/b', LIKER_RUN: '/c' },
        { LIKER_HOST: '', LIKER_RUN: '/c/d' },
        { LIKER_RUN: '', XDG_RUNTIME_DIR: folder },
      ]) {
        const caller = { uid, rootSocket: '/run/liker/liker.sock' };
        const [socket] = openedByC([['run', 'a']], env, { program, uid })[0] ?? [];
        assert.equal(socket, socketPath(hostFrom(env, caller)), JSON.stringify({ uid, ...env }));
      }
    for (const env of [{ LIKER_HOST: '/a/b' }, { LIKER_RUN: 'c' }, { LIKER_RUN: `/${'c'.repeat(100)}` }])
      assert.deepEqual(openedByC([['run', 'a']], env), [null], JSON.stringify(env));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what is not UTF-8 is left to the TypeScript client', () => {
  for (const bytes of ['ff', 'c0af', 'eda080', 'f4908080', 'e282', '80'].map((hex) =>
    Buffer.from(hex, 'hex'),
  )) {
    const input = Buffer.concat([Buffer.from('3\0exec\0web\0'), bytes, Buffer.from('\0')]);
    assert.equal(answers(input), 'leave\n', bytes.toString('hex'));
  }
});

/** Words of which some are right somewhere. */
function randomLine(random: Random): string[] {
  const command = random.pick(frontCommands);
  const flags = knownFlags(command);
  const word = (): string =>
    random.oneIn(2)
      ? random.pick(Object.values(values).flat())
      : random.pick([
          '',
          '=',
          '=b',
          '-1',
          '0',
          'host',
          'none',
          'auto',
          'keep',
          '__proto__=x',
          '-',
          '--',
          '-it',
          '--rm',
          'a',
          '/a',
          'é',
        ]);
  const one = (): string[] => {
    const { flag, texts } = random.oneIn(8)
      ? { flag: random.pick(command.flags), texts: [] }
      : random.pick(flags);
    const text =
      texts.length === 0
        ? random.oneIn(8)
          ? word()
          : undefined
        : random.oneIn(8)
          ? word()
          : random.pick(texts);
    return random.pick(written(flag, text));
  };
  const given = Array.from({ length: random.below(6) }, one).flat();
  const tail = random.oneIn(8) ? [word(), word()] : (plain[command.name] ?? []);
  return [...(random.oneIn(9) ? [word()] : []), command.name, ...given, ...tail];
}

test('random lines: likerctl in C does as the TypeScript client, or leaves them', () => {
  const random = new Random(1);
  const lines = Array.from({ length: 5000 }, () => randomLine(random));
  let opened = 0;
  for (const [index, inC] of openedByC(lines).entries()) {
    if (inC === null) continue;
    opened += 1;
    assert.deepEqual(inC, openedByTypeScript(lines[index] ?? []), JSON.stringify(lines[index]));
  }
  assert.ok(opened > 1000, `${opened}`);
});
