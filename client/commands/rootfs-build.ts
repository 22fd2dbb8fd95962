import type { Command } from '../cli/command.ts';
import { runRootfsBuild } from '../rootfs/command.ts';
import { interruptible } from './interruptible.ts';
import { providerFlags, providerOf } from './provider-flags.ts';

export const rootfsBuild: Command = {
  name: 'rootfs build',
  usage: 'DIR',
  summary: "Build a root file system from this machine's own programs, or from packages",
  example: 'likerctl rootfs build /var/lib/liker/rootfs --with strace',
  flags: [
    ...providerFlags,
    { name: 'force', short: 'f', type: 'bool', help: 'Write into a directory that is not empty' },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Print nothing on success' },
  ],
  operands: [1, 1],
  run: ({ flags, operands: [directory = ''] }) =>
    interruptible((signal) =>
      runRootfsBuild(providerOf(flags), {
        directory,
        force: flags.bool('force'),
        quiet: flags.bool('quiet'),
        signal,
      }),
    ),
};
