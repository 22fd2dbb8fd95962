// What protects the native products, as their ELF files say it, and what it does to a program with a fault.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';

const native = join(import.meta.dirname, '..');
const build = join(native, 'build');
const libraries = ['libliker.so', 'liker-tty.node'].map((name) => join(build, name));
const shim = join(build, 'liker-shim');
const resolver = join(build, 'liker-resolver');
const likerctl = join(build, 'likerctl');
const programs = [
  shim,
  resolver,
  likerctl,
  join(build, 'liker-rootless'),
  join(build, 'liker-unpack'),
  join(build, 'liker-pack'),
];
const init = join(build, 'liker-init');

function tool(name: string, ...args: readonly string[]): string {
  return execFileSync(name, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
}

interface Segment {
  readonly type: string;
  /** Of "R", "W" and "E". */
  readonly flags: string;
}

function segments(file: string): Segment[] {
  const lines = tool('readelf', '-lW', file).matchAll(/^ {2}([A-Z_]+) +(?:0x[0-9a-f]+ +){5}([RWE ]{3}) /gm);
  return [...lines].map(([, type = '', flags = '']) => ({ type, flags: flags.replaceAll(' ', '') }));
}

function flagsOf(file: string, type: string): string[] {
  return segments(file)
    .filter((segment) => segment.type === type)
    .map(({ flags }) => flags);
}

const dynamic = (file: string) => tool('readelf', '-dW', file);

before(() => execFileSync('make', ['-s', '-C', native, 'all', 'build/hardening']));

test('no memory is both writable and executable, the stack included', () => {
  for (const file of [...programs, init, ...libraries]) {
    assert.ok(flagsOf(file, 'LOAD').length > 0, file);
    for (const { type, flags } of segments(file)) assert.ok(!/W.*E/.test(flags), `${file}: ${type} ${flags}`);
    assert.deepEqual(flagsOf(file, 'GNU_STACK'), ['RW'], file);
    assert.doesNotMatch(dynamic(file), /TEXTREL/, file);
  }
});

test('what the loader fills in is read-only afterwards (full RELRO)', () => {
  for (const file of [...programs, ...libraries]) {
    assert.deepEqual(flagsOf(file, 'GNU_RELRO'), ['R'], file);
    assert.match(dynamic(file), /\(FLAGS\) +.*BIND_NOW/, file);
    assert.match(dynamic(file), /\(FLAGS_1\) +Flags: .*NOW/, file);
    assert.doesNotMatch(dynamic(file), /\(RPATH\)|\(RUNPATH\)/, file);
  }
});

test('a program is loaded at a random address, and what is static needs no file of the host', () => {
  for (const file of programs) {
    assert.match(tool('readelf', '-hW', file), /Type: +DYN /);
    assert.match(dynamic(file), /\(FLAGS_1\) +Flags: .*PIE/);
  }
  for (const file of [shim, resolver, likerctl]) {
    assert.deepEqual(flagsOf(file, 'INTERP'), []);
    assert.doesNotMatch(dynamic(file), /\(NEEDED\)/);
  }
});

test('the init is one segment that nobody can write to, with nothing to relocate', () => {
  assert.deepEqual(flagsOf(init, 'LOAD'), ['RE']);
  assert.match(tool('readelf', '-rW', init), /There are no relocations/);
  assert.deepEqual(flagsOf(init, 'INTERP'), []);
});

const branches = { x64: '-fcf-protection=full', arm64: '-mbranch-protection=standard' }[
  process.arch as string
];
/** The optional flags that the compiler of this machine knows. */
const known = () => readFileSync(join(build, 'flags.mk'), 'utf8');

describe('each object', () => {
  /** Not those of sources that are gone. */
  const objects = () =>
    ['shim-objects', 'lib-objects']
      .flatMap((folder) =>
        globSync('src/*/*.c', { cwd: native }).map((source) =>
          source.replace(/^src/, folder).replace(/c$/, 'o'),
        ),
      )
      .map((object) => join(build, object))
      .filter((object) => existsSync(object));

  /** What the tool prints for each. */
  function byObject(name: string, ...args: readonly string[]): [string, string][] {
    const files = objects();
    const output = tool(name, ...args, ...files);
    const parts = output.split(/^(?:File: )?(\/.*\.o):?$/m).slice(1);
    assert.equal(parts.length, 2 * files.length);
    return files.map((_, i) => [parts[2 * i] ?? '', parts[2 * i + 1] ?? '']);
  }

  test('was compiled with every protection that the compiler knows', (t) => {
    const wanted = ['-fstack-protector-strong', '-fstack-clash-protection'];
    for (const flag of [branches ?? '', '-ftrivial-auto-var-init=zero'])
      if (known().includes(flag)) wanted.push(flag);
      else t.diagnostic(`the compiler does not know ${flag}`);
    assert.ok(objects().length > 70);
    for (const [object, text] of byObject('readelf', '--debug-dump=info', '--dwarf-depth=1')) {
      // "GNU C17 12.2.0 -mtune=generic … -fstack-protector-strong …"
      const flags = /DW_AT_producer +: (?:\(.*\): )?(.*)/.exec(text)?.[1]?.split(' ') ?? [];
      for (const flag of wanted)
        assert.ok(flags.includes(flag), `${object} lacks ${flag}: ${flags.join(' ')}`);
    }
  });

  test('says that it follows the rules for indirect branches', () => {
    const features = process.arch === 'x64' ? /x86 feature: IBT, SHSTK/ : /AArch64 feature: BTI, PAC/;
    for (const [object, text] of byObject('readelf', '-nW')) assert.match(text, features, object);
  });

  test('checks the stack where a function has an array', () => {
    const checked = byObject('nm', '-u')
      .filter(([, text]) => text.includes('__stack_chk_fail'))
      .map(([object]) => basename(object));
    for (const name of ['exec.o', 'spawn.o', 'procfs.o', 'frames.o', 'log.o', 'walk.o'])
      assert.ok(checked.includes(name), name);
  });
});

test('the functions that likerd calls, and the first of the init, begin with a landing pad', () => {
  const pad = process.arch === 'x64' ? /\bendbr64\b/ : /\b(bti|paciasp)\b/;
  const exported = tool('nm', '-D', '--defined-only', join(build, 'libliker.so')).matchAll(
    / T (liker_\w+)$/gm,
  );
  const names = [...exported].map(([, name = '']) => name);
  assert.ok(names.length > 10);
  for (const name of names) {
    const code = tool(
      'objdump',
      '-d',
      '--no-show-raw-insn',
      `--disassemble=${name}`,
      join(build, 'libliker.so'),
    );
    assert.match(code.split(`<${name}>:\n`)[1]?.split('\n')[0] ?? '', pad, name);
  }
  const [, entry = ''] = /Entry point address: +(0x[0-9a-f]+)/.exec(tool('readelf', '-hW', init)) ?? [];
  const stop = `0x${(Number(entry) + 4).toString(16)}`;
  const first = tool('objdump', '-d', `--start-address=${entry}`, `--stop-address=${stop}`, init);
  assert.match(first, pad);
});

describe('in a program with a fault, these flags', () => {
  const probe = join(build, 'hardening');
  const run = (...args: readonly string[]) => spawnSync(probe, args, { encoding: 'utf8' });

  test('end it when an array on the stack is overrun', () => {
    assert.equal(run('stack', '16').status, 0);
    const { signal, stderr } = run('stack', '40');
    assert.equal(signal, 'SIGABRT');
    assert.match(stderr, /stack smashing detected/);
  });

  test('end it when an allocation is overrun whose size is known only at run time', (t) => {
    const level = run('level').stdout.trim();
    if (level !== '3') return t.skip(`the libc or the compiler has only level ${level} of _FORTIFY_SOURCE`);
    assert.equal(run('heap', '16').status, 0);
    const { signal, stderr } = run('heap', '17');
    assert.equal(signal, 'SIGABRT');
    assert.match(stderr, /buffer overflow detected/);
  });

  test('hide what an earlier function left on the stack', (t) => {
    if (!known().includes('-ftrivial-auto-var-init=zero'))
      return t.skip('the compiler does not know -ftrivial-auto-var-init');
    assert.equal(run('zero').stdout, '0\n');
  });
});
