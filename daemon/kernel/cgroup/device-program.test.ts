import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceProgram, op } from './device-program.ts';
import { type DeviceRule, defaultDeviceRules } from './device-rules.ts';

const access = { m: 1, r: 2, w: 4 } as const;

interface Question {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  readonly access: string;
}

/** Runs the program as the kernel would, on the few instructions that it uses. */
function answer(program: Uint8Array, question: Question): boolean {
  const view = new DataView(program.buffer);
  const bits = [...question.access].reduce((set, letter) => set | access[letter as keyof typeof access], 0);
  const context = [(bits << 16) | (question.type === 'b' ? 1 : 2), question.major, question.minor];
  const registers = new Array<number>(11).fill(0);
  for (let at = 0, steps = 0; steps < 4096; at += 1, steps += 1) {
    const code = view.getUint8(at * 8);
    const [dst, src] = [view.getUint8(at * 8 + 1) & 15, view.getUint8(at * 8 + 1) >> 4];
    const offset = view.getInt16(at * 8 + 2, true);
    const immediate = view.getInt32(at * 8 + 4, true);
    const left = registers[dst] ?? 0;
    if (code === op.load) registers[dst] = context[offset / 4] ?? 0;
    else if (code === op.move) registers[dst] = registers[src] ?? 0;
    else if (code === op.set) registers[dst] = immediate;
    else if (code === op.and) registers[dst] = left & immediate;
    else if (code === op.shiftRight) registers[dst] = left >>> immediate;
    else if (code === op.jumpIfEqual) at += left === immediate ? offset : 0;
    else if (code === op.jumpUnlessEqual) at += left === immediate ? 0 : offset;
    else if (code === op.jumpUnlessSame) at += left === registers[src] ? 0 : offset;
    else if (code === op.exit) return registers[0] === 1;
    else assert.fail(`instruction ${at}: opcode 0x${code.toString(16)}`);
  }
  return assert.fail('the program does not end');
}

/** The meaning of the rules, said another way. */
function expected(rules: readonly DeviceRule[], question: Question): boolean {
  for (const rule of [...rules].reverse()) {
    const numbers =
      rule.type === question.type &&
      (rule.major ?? question.major) === question.major &&
      (rule.minor ?? question.minor) === question.minor;
    const asked = [...question.access];
    if (!numbers) continue;
    if (rule.allow && asked.every((letter) => rule.access.includes(letter))) return true;
    if (!rule.allow && asked.some((letter) => rule.access.includes(letter))) return false;
  }
  return false;
}

const accesses = ['m', 'r', 'w', 'rw', 'mr', 'rwm'];

function compareAll(rules: readonly DeviceRule[]): void {
  const program = deviceProgram(rules);
  for (const type of ['b', 'c'] as const) {
    for (const major of [0, 1, 5, 8, 10, 136]) {
      for (const minor of [0, 1, 2, 3, 5, 7, 8, 9, 200, 229]) {
        for (const wanted of accesses) {
          const question = { type, major, minor, access: wanted };
          assert.equal(answer(program, question), expected(rules, question), JSON.stringify(question));
        }
      }
    }
  }
}

test('the default allows /dev/null and terminals, and no disks and no memory', () => {
  const program = deviceProgram(defaultDeviceRules);
  assert.ok(answer(program, { type: 'c', major: 1, minor: 3, access: 'rw' }));
  assert.ok(answer(program, { type: 'c', major: 136, minor: 4711, access: 'rw' }));
  assert.ok(answer(program, { type: 'b', major: 8, minor: 0, access: 'm' }));
  assert.ok(!answer(program, { type: 'b', major: 8, minor: 0, access: 'r' }));
  assert.ok(!answer(program, { type: 'c', major: 1, minor: 1, access: 'r' }));
  assert.ok(!answer(program, { type: 'c', major: 1, minor: 1, access: 'rm' }));
});

test('the default is that of runc, entry by entry', () => {
  const texts = defaultDeviceRules.map(
    ({ allow, type, major, minor, access }) =>
      `${allow ? '' : 'deny '}${type} ${major ?? '*'}:${minor ?? '*'} ${access}`,
  );
  // AllowedDevices in libcontainer/specconv/spec_linux.go, of 2026.
  const runc = [
    'c *:* m',
    'b *:* m',
    'c 1:3 rwm', // null
    'c 1:8 rwm', // random
    'c 1:7 rwm', // full
    'c 5:0 rwm', // tty
    'c 1:5 rwm', // zero
    'c 1:9 rwm', // urandom
    'c 136:* rwm', // pts
    'c 5:2 rwm', // ptmx
    'c 10:200 rwm', // net/tun
  ];
  assert.deepEqual(texts.sort(), runc.sort());
});

test('the default answers every question as the rules say', () => compareAll(defaultDeviceRules));

test('a later rule wins, and a rule that denies part of the access denies it', () => {
  compareAll([
    ...defaultDeviceRules,
    { allow: false, type: 'c', major: 1, minor: 3, access: 'w' },
    { allow: true, type: 'b', major: 8, minor: null, access: 'rw' },
    { allow: false, type: 'b', major: 8, minor: 1, access: 'rwm' },
    { allow: true, type: 'c', major: 10, minor: 229, access: 'r' },
  ]);
});

test('access to one device that several rules allow together is allowed', () => {
  const fuse = { allow: true, type: 'c', major: 10, minor: 229 } as const;
  const rules = [...defaultDeviceRules, { ...fuse, access: 'r' }, { ...fuse, access: 'w' }];
  const program = deviceProgram(rules);
  assert.ok(answer(program, { type: 'c', major: 10, minor: 229, access: 'rw' }));
  assert.ok(!answer(program, { type: 'c', major: 10, minor: 228, access: 'rw' }));
});

test('access that a wide rule has denied is not allowed again by a partial rule', () => {
  const fuse = { type: 'c', major: 10, minor: 229 } as const;
  compareAll([
    ...defaultDeviceRules,
    { allow: true, ...fuse, access: 'rw' },
    { allow: false, type: 'c', major: 10, minor: null, access: 'rwm' },
    { allow: true, ...fuse, access: 'r' },
  ]);
});

test('without rules nothing is allowed', () => {
  assert.ok(!answer(deviceProgram([]), { type: 'c', major: 1, minor: 3, access: 'r' }));
});
