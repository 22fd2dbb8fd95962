import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileTemplate } from '../client/format/template.ts';
import { goMap } from '../client/format/template-functions.ts';
import { untrusted } from '../client/format/untrusted.ts';
import { isVisible, quoted, toJson, visible } from '../client/output/visible.ts';
import { DetachScanner, defaultDetachKeys, parseDetachKeys } from '../client/session/detach-keys.ts';
import { OutputCursor } from '../client/session/output-cursor.ts';
import { accepted, holds, inherited, textOf } from './property.ts';

const words = [
  'range',
  'if',
  'with',
  'else',
  'end',
  'else if',
  'json',
  'printf',
  'index',
  'len',
  'slice',
  'pad',
  'truncate',
];
const more = [
  'join',
  'split',
  'upper',
  'title',
  'and',
  'or',
  'not',
  'eq',
  'lt',
  'println',
  'print',
  'nil',
  'true',
];
const operands = [
  '.',
  '.Name',
  '.Labels',
  '.List',
  '.Labels.a',
  '.Label',
  '$',
  '$x',
  '$i',
  ':=',
  '=',
  '(',
  ')',
  '|',
  ',',
  '-',
];
const literals = [
  '"%5.3q"',
  '"%s %d %x %v %f"',
  '"%99999999999s"',
  '`raw`',
  '"a"',
  '"\\\\u0041"',
  '-1',
  '3',
  '1.5',
  '999999999',
];

const templates = textOf(
  ...['{{', '}}', '{{- ', ' -}}', ' ', 'text', '/* c */'],
  ...[...words, ...more, ...operands, ...literals].flatMap((word) => [
    `${word} `,
    `{{${word} `,
    `{{${word}}}`,
  ]),
);

const data = {
  Name: '/web\x1b[2J',
  Labels: goMap([
    ['a', 'b'],
    ['c', '\u202e'],
  ]),
  List: [1, 'two', { Inner: null }],
  Number: 12,
  Nothing: null,
  Label: (name: unknown) => (name === 'a' ? 'b' : ''),
};

test('templates', () => {
  holds(
    fc.tuple(templates, fc.boolean()),
    ([source, strict]) => {
      const template = accepted(() => compileTemplate(source, { strict }));
      if (template === undefined) return;
      const text = accepted(() => template(untrusted(data)));
      assert.doesNotMatch(text ?? '', /=>/, 'no source is shown');
    },
    4000,
  );
});

test('a function of a template with any arguments', () => {
  const operand = fc.constantFrom(...operands.slice(0, 8), ...literals);
  const call = fc.tuple(fc.constantFrom(...words.slice(6), ...more), fc.array(operand, { maxLength: 4 }));
  holds(
    fc.array(call, { minLength: 1, maxLength: 3 }),
    (calls) => {
      const source = `{{${calls.map(([name, args]) => [name, ...args].join(' ')).join(' | ')}}}`;
      const text = accepted(() => compileTemplate(source)(untrusted(data)));
      assert.doesNotMatch(text ?? '', /=>/, 'no source is shown');
    },
    4000,
  );
});

const anyText = fc.oneof(textOf('a', '\\', '"', '\x7f', '\x9b'), fc.string({ unit: 'binary' }));

test('what is printed controls no terminal, and is escaped once', () => {
  holds(anyText, (text) => {
    for (const shown of [visible(text), quoted(text), toJson({ [text]: [text] }), String(untrusted(text))]) {
      assert.ok(isVisible(shown), JSON.stringify(shown));
      assert.equal(visible(shown), shown);
    }
    assert.deepEqual(JSON.parse(toJson(text.toWellFormed())), text.toWellFormed());
  });
  holds(fc.dictionary(fc.constantFrom('a', 'b', ...inherited), anyText), (record) => {
    const wrapped = untrusted(record) as object;
    assert.deepEqual(Object.keys(wrapped).sort(), Object.keys(record).sort());
  });
});

test('keys to detach', () => {
  holds(textOf('ctrl-', 'p', ',', ']', 'CTRL-q', '@', 'é'), (text) => {
    const keys = accepted(() => parseDetachKeys(text));
    if (keys !== undefined) assert.ok(keys.every((key) => Number.isInteger(key) && key >= 0 && key <= 255));
  });
  const keys = parseDetachKeys(defaultDetachKeys);
  const chunks = fc.array(fc.array(fc.constantFrom(0x1d, 0x1d, 97), { maxLength: 4 }), { maxLength: 8 });
  holds(chunks, (input) => {
    const scanner = new DetachScanner(keys);
    const forwarded: number[] = [];
    let detached = false;
    for (const chunk of input) {
      const scan = scanner.scan(Buffer.from(chunk));
      forwarded.push(...scan.forward);
      detached = scan.detach;
      if (detached) break;
    }
    const all = input.flat();
    const at = all.findIndex((key, index) => key === 0x1d && all[index + 1] === 0x1d);
    if (!detached) forwarded.push(...scanner.release());
    assert.equal(detached, at !== -1);
    assert.deepEqual(forwarded, at === -1 ? all : all.slice(0, at), 'nothing is lost or made up');
  });
});

test('output that comes again, and output that is lost', () => {
  const chunk = fc.tuple(fc.nat(40), fc.nat(20));
  holds(fc.array(chunk, { maxLength: 12 }), (chunks) => {
    const cursor = new OutputCursor();
    let seen = 0;
    for (const [offset, length] of chunks) {
      const bytes = Buffer.from(Array.from({ length }, (_, index) => offset + index));
      const { fresh, lost } = cursor.place(offset, bytes);
      if (fresh.length > 0) assert.equal(fresh[0], seen + lost, 'the next byte, or the first after a gap');
      seen += lost + fresh.length;
      assert.equal(cursor.offset, seen);
    }
  });
});
