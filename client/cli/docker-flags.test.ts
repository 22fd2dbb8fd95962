import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandHelp } from '../help.ts';
import { findCommand } from '../registry.ts';
import { dockerFlags } from './docker-flags.ts';
import { parseCommandLine } from './parse.ts';

const root = join(import.meta.dirname, '../..');
const doc = readFileSync(join(root, 'docs/docker.md'), 'utf8');

interface DockerFlag {
  readonly short: string | undefined;
  readonly name: string;
  readonly takesValue: boolean;
}

/** Docker's flags by command. */
const commands = readFileSync(join(import.meta.dirname, '../test/docker-flags.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [, name = '', flags = ''] = /^([^:]+): (.*)$/.exec(line) ?? [];
    return { name, flags: flags.split(' ').filter(Boolean).map(parseFlag) };
  });

function parseFlag(text: string): DockerFlag {
  const [, short, name = '', type] = /^(?:-(\w)\/)?--([\w-]+)(=.+)?$/.exec(text) ?? [];
  return { short, name, takesValue: type !== undefined };
}

async function load(name: string) {
  const found = findCommand(name.split(' '));
  assert.ok(found, name);
  return found.entry.load();
}

for (const { name, flags } of commands) {
  test(`every flag of docker ${name} is known, with its short form and its kind`, async () => {
    const command = await load(name);
    const all = [...command.flags, ...dockerFlags(command.name)];
    for (const { short, name: wanted, takesValue } of flags) {
      const flag = all.find((one) => one.name === wanted || one.aliases?.includes(wanted));
      assert.ok(flag, `${name} --${wanted}`);
      assert.equal(flag.type !== 'bool', takesValue, `${name} --${wanted}: takes a value`);
      if (short !== undefined) assert.equal(flag.short, short, `${name} --${wanted}`);
    }
  });
}

test('docs/docker.md has a row for each flag of docker run, and the row agrees with the command', async () => {
  const { flags } = commands.find(({ name }) => name === 'run') ?? { flags: [] };
  const [, section = ''] = doc.split('## Flags of `docker run`\n');
  const rows = new Map(
    (section.split('\n## ')[0] ?? '').split('\n').flatMap((line) => {
      const [, names = '', how = ''] = /^\| ((?:`-[^|]*`,? ?)+)\| (\S+)/.exec(line) ?? [];
      return [...names.matchAll(/--([\w-]+)/g)].map(([, name = '']) => [name, how] as const);
    }),
  );
  for (const { name } of flags) {
    const docker = dockerFlags('run').find((flag) => flag.name === name)?.docker;
    const expected = docker === undefined ? 'yes' : docker.passes === undefined ? 'no' : 'taken';
    assert.equal(rows.get(name), expected, `--${name}`);
  }
});

test('an unsupported flag or command says what to do instead, and the help mentions it', async () => {
  const run = await load('run');
  for (const [argv, text] of [
    [['--link', 'db:db', '/r'], /--link is not supported yet: .* find each other by name: .*network create/],
    [['--link-local-ip', '169.254.3.4', '/r'], /--link-local-ip is not supported yet/],
    [['--gpus', 'all', '/r'], /--device \/dev\/dri/],
  ] as const) {
    assert.throws(() => parseCommandLine(run, argv), text);
  }
  const passing = '--runtime runc --isolation default --disable-content-trust --no-use-api-socket';
  assert.deepEqual(parseCommandLine(run, [...passing.split(' '), '/r', 'x']).operands, ['/r', 'x']);
  assert.match(commandHelp(run), /^Docker's flags that are not supported yet: (?:.|\n)*--link/m);
});

const missing =
  'build search manifest plugin trust config node service ' +
  'stack swarm builder checkpoint context compose';

test('every command of docker exists, or is refused as missing and listed in docs/docker.md', async () => {
  const { missingDockerCommand } = await import('./docker-commands.ts');
  for (const name of missing.split(' ')) {
    assert.equal(findCommand([name]), undefined, name);
    assert.match(
      missingDockerCommand([name]) ?? '',
      new RegExp(`^'${name}' is not supported yet: \\S`),
      name,
    );
    assert.match(doc, new RegExp(`^\\| .*\`${name}\``, 'm'), name);
  }
  for (const { name } of commands) assert.match(doc, new RegExp(`\`${name}\``), name);
});
