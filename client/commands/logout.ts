import type { Command } from '../cli/command.ts';
import { registryOf } from '../credentials/server-key.ts';
import { eraseCredentials } from '../credentials/store.ts';
import { printLines } from '../output/print.ts';

export const logout: Command = {
  name: 'logout',
  usage: '[SERVER]',
  summary: 'Remove the stored credentials for a registry',
  example: 'likerctl logout registry.example.com',
  flags: [],
  operands: [0, 1],
  async run({ operands: [server = 'docker.io'] }) {
    const registry = registryOf(server);
    const hadSome = await eraseCredentials(registry, process.env);
    printLines([hadSome ? `Removing login credentials for ${registry}` : `Not logged in to ${registry}`]);
    return 0;
  },
};
