import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { callForEach, severalContainers } from './for-each.ts';

export const pause: Command = {
  name: 'pause',
  ...severalContainers,
  summary: 'Freeze all processes of containers',
  example: 'likerctl pause web',
  flags: [],
  run: (invocation) => callForEach(invocation, containers.PauseContainer, (container) => ({ container })),
};
