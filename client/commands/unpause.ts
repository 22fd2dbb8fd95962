import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { callForEach, severalContainers } from './for-each.ts';

export const unpause: Command = {
  name: 'unpause',
  ...severalContainers,
  summary: 'Thaw all processes of containers',
  example: 'likerctl unpause web',
  flags: [],
  run: (invocation) => callForEach(invocation, containers.ResumeContainer, (container) => ({ container })),
};
