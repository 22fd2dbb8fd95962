// Completion in each shell, by typing: commands, flags, choices, and names of existing containers and networks.
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { repository } from './harness/daemon.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();

/** How to start each shell without the user's settings, and load the completions. */
const shells = {
  bash: { args: ['--norc', '-i'], load: 'source <(likerctl completion bash)' },
  zsh: {
    args: ['-f', '-i'],
    // As a package installs it: a file in a folder of zsh's fpath.
    load: 'mkdir -p ~/zsh; likerctl completion zsh >~/zsh/_likerctl; fpath=(~/zsh $fpath); autoload -U compinit && compinit -u -D',
  },
  fish: { args: ['--no-config', '-i'], load: 'likerctl completion fish | source' },
};

describe('completion', () => {
  for (const [shell, { args, load }] of Object.entries(shells)) {
    test(`in ${shell}`, requiresProgram(shell), async () => {
      const name = `only-one-${shell}`;
      const id = await s.detached(['--name', name], ['sleep', '1000']);
      const path = `${join(repository, 'bin')}:${process.env['PATH']}`;
      await using terminal = s.terminal(args, {
        file: shell,
        cols: 200,
        env: { PATH: path, HOME: s.daemon.home, PS1: '> ', LIKER_HOST: `unix://${s.daemon.socket}` },
      });
      terminal.type(`${load}; echo load''ed\r`);
      await terminal.waitForText('loaded');
      for (const [typed, completed] of [
        ['likerctl unpa', 'likerctl unpause'],
        ['likerctl run --memory-swapp', 'likerctl run --memory-swappiness'],
        ['likerctl system d', 'likerctl system df'],
        [`likerctl stop only-one-${shell.slice(0, 1)}`, `likerctl stop ${name}`],
        ['likerctl run --userns kee', 'likerctl run --userns keep-id'],
        [
          `likerctl run --pid container:only-one-${shell.slice(0, 1)}`,
          `likerctl run --pid container:${name}`,
        ],
        ['likerctl network inspect bri', 'likerctl network inspect bridge'],
        ['likerctl run --network bri', 'likerctl run --network bridge'],
        ['likerctl run --security-opt sys', 'likerctl run --security-opt systempaths=unconfined'],
        ['likerctl run --security-opt seccomp=b', 'likerctl run --security-opt seccomp=builtin'],
        // The value goes on behind what is offered.
        ['likerctl run --security-opt ma\tdata', 'likerctl run --security-opt mask=/data'],
      ] as const) {
        terminal.type(`${typed}\t`);
        await terminal.waitForText(completed);
        // Clears the line.
        terminal.type('\x15');
        await until('the line to be empty', () => !terminal.screen().trimEnd().endsWith(completed.trimEnd()));
      }
      terminal.type('exit\r');
      await terminal.end();
      await s.ok(['rm', '-f', id]);
    });
  }
});
