import type { Command } from '../cli/command.ts';
import { signalExitCode } from '../cli/exit-codes.ts';
import { runRootfsBuild } from '../rootfs/command.ts';

const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

export const rootfsBuild: Command = {
  name: 'rootfs build',
  usage: 'DIR',
  summary: "Build a small root file system from this machine's own programs",
  example: 'likerctl rootfs build /var/lib/liker/rootfs --with strace',
  flags: [
    {
      name: 'with',
      type: 'list',
      value: 'PROGRAM',
      help: 'Add a program, by name or path, with its libraries, its Debian package and the dependencies of that',
    },
    { name: 'force', short: 'f', type: 'bool', help: 'Write into a directory that is not empty' },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Print nothing on success' },
  ],
  operands: [1, 1],
  async run({ flags, operands: [directory = ''] }) {
    const interruption = new AbortController();
    let code = 0;
    for (const signal of endingSignals) {
      process.once(signal, () => {
        code = signalExitCode(signal);
        interruption.abort();
      });
    }
    try {
      await runRootfsBuild({
        directory,
        with: flags.list('with'),
        force: flags.bool('force'),
        quiet: flags.bool('quiet'),
        signal: interruption.signal,
      });
    } catch (error) {
      if (code === 0) throw error;
    }
    return code;
  },
};
