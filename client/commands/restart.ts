import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { severalContainers } from './for-each.ts';
import { stopEach, stopFlags } from './stop.ts';

export const restart: Command = {
  name: 'restart',
  ...severalContainers,
  summary: 'Stop running containers and start them again',
  example: 'likerctl restart web',
  flags: stopFlags,
  run: (invocation) => stopEach(invocation, containers.RestartContainer),
};
