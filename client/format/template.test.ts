import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { compileTemplate } from './template.ts';
import { goMap } from './template-functions.ts';

const data = {
  Name: 'web',
  State: { Status: 'running', Pid: 7, Paused: false },
  Args: ['a', 'b', 'c'],
  Labels: goMap([
    ['tier', 'front'],
    ['com.example.x', 'y<z'],
  ]),
  Mounts: [
    { Source: '/a', RW: true },
    { Source: '/b', RW: false },
  ],
  Empty: [],
  Nothing: null,
  Label: (name: string) => ({ tier: 'front' })[name] ?? '',
};

const cases: readonly (readonly [string, string])[] = [
  ['plain text', 'plain text'],
  ['{{.Name}}', 'web'],
  ['{{ .Name }}\t{{.State.Status}}', 'web\trunning'],
  ['{{.State.Pid}} {{.State.Paused}} {{.Nothing}}', '7 false <nil>'],
  ['{{.Args}} {{.Labels}}', '[a b c] map[com.example.x:y<z tier:front]'],
  ['{{json .Args}}{{json .Labels.tier}}', '["a","b","c"]"front"'],
  ['{{json .Labels}}', '{"tier":"front","com.example.x":"y\\u003cz"}'],
  ['{{upper .Name}} {{.Name | upper | lower}} {{title "a bc"}}', 'WEB web A Bc'],
  ['{{join .Args ", "}}', 'a, b, c'],
  ['{{index .Labels "com.example.x"}} {{index .Args 1}} {{(index .Mounts 1).Source}}', 'y<z b /b'],
  ['{{len .Args}} {{len .Name}}', '3 3'],
  ['{{range .Mounts}}[{{.Source}}:{{$.Name}}]{{end}}', '[/a:web][/b:web]'],
  ['{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}};{{end}}', '0=/a;1=/b;'],
  ['{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}', 'com.example.x=y<z tier=front '],
  ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
  ['{{if .State.Paused}}p{{else if .Name}}n{{else}}e{{end}}', 'n'],
  ['{{if eq .State.Status "running" "paused"}}up{{end}}{{if not .Empty}}!{{end}}', 'up!'],
  ['{{if and .Name (gt .State.Pid 3)}}yes{{end}}', 'yes'],
  ['{{with .State}}{{.Status}}{{end}}', 'running'],
  ['{{$x := .Name}}{{$x}}', 'web'],
  ['{{printf "%s-%d-%q-%5s|%-5s|%03d" .Name 5 "x" "ab" "cd" 7}}', 'web-5-"x"-   ab|cd   |007'],
  ['{{println .Name "x"}}', 'web x\n'],
  ['{{.Label "tier"}}{{.Label "none"}}', 'front'],
  ['{{slice .Name 0 2}} {{split "a,b" "," | len}}', 'we 2'],
  ['a  {{- " b " -}}  c', 'a b c'],
  ['{{/* a comment */}}x', 'x'],
  ['{{"}}"}}', '}}'],
  ['{{.Labels.missing}}', '<no value>'],
];

for (const [source, expected] of cases) {
  test(`${JSON.stringify(source)} gives ${JSON.stringify(expected)}`, () => {
    assert.equal(compileTemplate(source, { strict: true })(data), expected);
  });
}

test('{{json .}} leaves functions out', () => {
  assert.equal(JSON.parse(compileTemplate('{{json .}}')(data)).Label, undefined);
});

for (const source of [
  '{{.Name',
  '{{if .Name}}x',
  '{{end}}',
  '{{nofunction .Name}}',
  '{{.Name | }}',
  '{{(.Name}}',
  '{{.NoSuchField}}',
  '{{$nope}}',
  '{{.Name "argument"}}',
  '{{#}}',
  '{{truncate .Name .Labels}}',
  '{{truncate .Name -1}}',
  '{{pad .Name 1 99999999999}}',
  '{{printf "%99999999999s" .Name}}',
  '{{print .Label}}',
]) {
  test(`${source} is refused as BAD_ARGUMENT`, () => {
    assert.throws(
      () => compileTemplate(source, { strict: true })(data),
      (error) =>
        error instanceof LikerError &&
        error.reason === 'BAD_ARGUMENT' &&
        error.message.startsWith('Invalid --format: '),
    );
  });
}
