import type { Command, CommandEntry } from '../cli/command.ts';
import { completionScript, type ShellName, shellNames } from '../cli/completion.ts';
import { UsageError } from '../cli/usage-error.ts';
import { printText } from '../output/print.ts';

/** The command that prints completion scripts for `commands`. */
export const completionOf = (commands: readonly CommandEntry[]): Command => ({
  name: 'completion',
  usage: 'bash|zsh|fish',
  summary: 'Print the completion script for a shell',
  example: 'likerctl completion bash > /etc/bash_completion.d/likerctl',
  flags: [],
  operands: [1, 1],
  async run({ operands: [shell = ''] }) {
    if (!isShellName(shell))
      throw new UsageError('completion', `unknown shell '${shell}': use ${shellNames.join(', ')}`);
    const loaded = await Promise.all(commands.map((entry) => entry.load()));
    printText(completionScript(shell, loaded));
    return 0;
  },
});

function isShellName(text: string): text is ShellName {
  return (shellNames as readonly string[]).includes(text);
}
