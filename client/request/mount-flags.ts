import type { Flag } from '../cli/flag.ts';

export const mountFlag: Flag = {
  name: 'mount',
  type: 'list',
  value: 'SPEC',
  help: 'Mount: type=volume|bind|tmpfs|image,source=…,target=/b[,readonly]',
};

export const tmpfsFlag: Flag = {
  name: 'tmpfs',
  type: 'list',
  value: 'PATH[:OPTIONS]',
  help: 'Mount an empty tmpfs, such as /tmp:size=64m',
};

export const volumeFlag: Flag = {
  name: 'volume',
  short: 'v',
  type: 'list',
  value: '[SOURCE:]TARGET[:OPTIONS]',
  help: 'Mount a path of the host, a volume by its name, or without SOURCE a volume of its own',
};

/** What a container sees beside its root. */
export const mountFlags: readonly Flag[] = [volumeFlag, mountFlag, tmpfsFlag];
