// The built-in profile has the effect of Docker's: call by call, on both architectures and the 32-bit ones that they also run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { architecture, libseccomp } from '../../../native/libseccomp.ts';
import { allCapabilities, type CapabilityName, capability, defaultCapabilities } from '../capabilities.ts';
import { builtinProfile } from './builtin.ts';
import { numberOf } from './calls.ts';
import { build, seccompAvailable } from './filter.ts';
import { runFilter } from './run-filter.ts';

const allow = 0x7fff0000;
const errno = (number: number): number => 0x00050000 | number;
const eperm = errno(1);
const enosys = errno(38);

/** A line of docker-default.txt. */
interface Way {
  readonly name: string;
  readonly action: number;
  /** It asks for certain arguments. */
  readonly asks: boolean;
  readonly holds: (machine: string, capabilities: bigint, argument: bigint) => boolean;
}

function parseWay(line: string): Way {
  const [name = '', ...words] = line.split(' ');
  const values = (key: string) =>
    words.filter((word) => word.startsWith(`${key}:`)).map((word) => word.slice(key.length + 1));
  const held = (set: bigint, names: readonly string[]) =>
    names.filter((one) => (set & capability(one as CapabilityName)) !== 0n).length;
  const on = values('on');
  const [needed, excluded] = [values('with'), values('without')];
  return {
    name,
    asks: ['is', 'below', 'above', 'none-of'].some((key) => values(key).length > 0),
    action: values('errno').map((text) => errno(Number(text)))[0] ?? allow,
    holds: (machine, set, argument) =>
      (on.length === 0 || on.includes(machine)) &&
      held(set, needed) === needed.length &&
      held(set, excluded) === 0 &&
      values('is').every((text) => argument === BigInt(text)) &&
      values('below').every((text) => argument < BigInt(text)) &&
      values('above').every((text) => argument > BigInt(text)) &&
      values('none-of').every((text) => (argument & BigInt(text)) === 0n),
  };
}

const lines = readFileSync(join(import.meta.dirname, 'test/docker-default.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const ways = Map.groupBy(lines.map(parseWay), ({ name }) => name);

const isAsked = (name: string): boolean => (ways.get(name) ?? []).some(({ asks }) => asks);

/** First arguments around every number that a line names, and every bit. The kernel looks at 32 bits of those that lines are about. */
const around = lines
  .flatMap((line) => [...line.matchAll(/:(0x[0-9a-f]+|\d+)/g)].map(([, text = '']) => BigInt(text)))
  .flatMap((value) => [value - 1n, value, value + 1n])
  .concat(Array.from({ length: 32 }, (_, bit) => 1n << BigInt(bit)));
const interesting = [...new Set(around)].filter((value) => value >= 0n && value < 1n << 32n);
const argumentsOf = (name: string): readonly bigint[] => (isAsked(name) ? interesting : [0n, 0xffffffffn]);

const all = (1n << 41n) - 1n;
const sets = new Map([
  ['the default', defaultCapabilities],
  ['none', 0n],
  ['all', all],
  ...allCapabilities.map((name) => [name, capability(name)] as const),
  ['all but SYS_ADMIN', all & ~capability('SYS_ADMIN')],
]);

/** Greater than the number of any call, but for those of arm alone. */
const most = 600;
const privateNumbers = Array.from({ length: 8 }, (_, index) => 0xf0000 + index);

const library = libseccomp();
const names = new Set([...ways.keys()]);

function namesByNumber(token: number): ReadonlyMap<number, string> {
  assert.ok(library);
  const found = new Map<number, string>();
  for (const number of [...Array(most).keys(), ...privateNumbers]) {
    const name = library.nameOf(token, number);
    if (name !== '') found.set(number, name);
  }
  // Calls that the library does not know.
  for (const name of names) {
    const number = numberOf(library, token, name);
    if (number >= 0) found.set(number, name);
  }
  return found;
}

const machines = [
  { machine: 'amd64', native: architecture.x86_64, tokens: [architecture.x86_64, architecture.x86] },
  { machine: 'arm64', native: architecture.aarch64, tokens: [architecture.aarch64, architecture.arm] },
];

describe("the built-in profile has the effect of Docker's default one", {
  skip: !seccompAvailable() && 'this machine has no libseccomp.so.2, or a kernel without filters',
}, () => {
  for (const { machine, native, tokens } of machines)
    for (const [title, set] of sets)
      test(`${machine}, capabilities: ${title}`, () => {
        assert.ok(library);
        const filter = build(library, builtinProfile, set, native);
        const wrong: string[] = [];
        let compared = 0;
        for (const token of tokens) {
          const known = namesByNumber(token);
          const expectedFor = expectation(known, machine, set);
          for (const number of [...Array(most).keys(), ...privateNumbers]) {
            for (const argument of argumentsOf(known.get(number) ?? '')) {
              const found = runFilter(filter, { number, architecture: token, args: [argument] });
              const expected = expectedFor(number, argument);
              compared += 1;
              if (found !== expected)
                wrong.push(
                  `${token.toString(16)} ${number} ${known.get(number)}(${argument}): ${found.toString(16)}, and not ${expected.toString(16)}`,
                );
            }
          }
        }
        assert.deepEqual(wrong.slice(0, 20), []);
        assert.ok(compared > 2 * most);
      });
});

/** What Docker and runc make of a call. As in runc, calls greater than the greatest of the profile do not exist. */
function expectation(
  known: ReadonlyMap<number, string>,
  machine: string,
  set: bigint,
): (number: number, argument: bigint) => number {
  const verdict = (name: string, argument: bigint) =>
    ways.get(name)?.find(({ holds }) => holds(machine, set, argument))?.action;
  const mentioned = [...known].filter(([, name]) =>
    argumentsOf(name).some((argument) => verdict(name, argument) !== undefined),
  );
  const greatest = (numbers: readonly number[]) =>
    Math.max(...mentioned.map(([number]) => number).filter((number) => numbers.includes(number)));
  const greatestCommon = greatest([...Array(most).keys()]);
  const greatestPrivate = greatest(privateNumbers);
  return (number, argument) =>
    number > (number < most ? greatestCommon : greatestPrivate)
      ? enosys
      : (verdict(known.get(number) ?? '', argument) ?? eperm);
}
