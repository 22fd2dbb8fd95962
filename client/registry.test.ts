import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from './cli/command.ts';
import { completionScript } from './cli/completion.ts';
import { parseCommandLine } from './cli/parse.ts';
import { commandHelp, mainHelp } from './help.ts';
import { commands, findCommand } from './registry.ts';

for (const entry of commands) {
  test(`${entry.name}: the help has an example that can be parsed, and no flag twice`, async () => {
    const command = await entry.load();
    assert.equal(command.name, entry.name);
    assert.ok(commandHelp(command).includes(command.example));
    const [program, ...words] = command.example.replace(/ >.*/, '').match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
    assert.equal(program, 'likerctl');
    const argv = words.map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
    const found = findCommand(argv);
    assert.equal(found?.entry.name, entry.name);
    parseCommandLine(command, found?.rest ?? []);
    const names = command.flags.flatMap(({ name, short, aliases = [] }) => [name, short, ...aliases]);
    const spelled = names.filter((name) => name !== undefined);
    assert.equal(new Set(spelled).size, spelled.length);
  });
}

test('the main help lists every command', () => {
  for (const { name } of commands) assert.match(mainHelp(), new RegExp(`^  ${name} `, 'm'));
  const headings = mainHelp().match(/^[A-Z].*:$/gm);
  assert.deepEqual(headings, [
    'Example:',
    'Containers:',
    'Images and root file systems:',
    'Networks:',
    'Volumes, mounts and secrets:',
    'Engine and client:',
    'Options:',
  ]);
});

test('help lists aliases of a command and of a flag', async () => {
  const help = async (words: string[]) => commandHelp((await findCommand(words)?.entry.load()) as Command);
  assert.match(await help(['ps']), /^Also: {3}container ls, container list, ls, list$/m);
  assert.match(await help(['stop']), /^ {2}-t, --time, --timeout SECONDS {2}/m);
  assert.match(await help(['attach']), /\$LIKER_DETACH_KEYS/);
  assert.doesNotMatch(await help(['kill']), /^Also/m);
});

test('aliases run the same commands', () => {
  for (const [words, name] of [
    [['container', 'ls', '-a'], 'ps'],
    [['container', 'run'], 'run'],
    [['container', 'prune'], 'container prune'],
    [['ls'], 'ps'],
  ] as const) {
    assert.equal(findCommand(words)?.entry.name, name);
  }
  assert.equal(findCommand(['container', 'nope']), undefined);
});

test('the completion of each shell knows commands and flags', async () => {
  const all = await Promise.all(commands.map((entry) => entry.load()));
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const script = completionScript(shell, all);
    for (const word of ['unpause', 'on-disconnect', 'hangup'])
      assert.ok(script.includes(word), `${shell}: ${word}`);
  }
});
