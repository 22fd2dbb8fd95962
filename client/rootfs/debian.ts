import type { Provider } from './provider.ts';
import { requireTool, runTool } from './run-tool.ts';

/** A minimal Debian, or a suite of a distribution made like it. An empty mirror is the tool's own default. */
export function debian({
  suite,
  mirror,
  include,
}: {
  readonly suite: string;
  readonly mirror: string;
  readonly include: readonly string[];
}): Provider {
  const tool = requireTool(['mmdebstrap'], 'apt-get install mmdebstrap');
  const packages = include.length > 0 ? [`--include=${include.join(',')}`] : [];
  return {
    doing: `Installing Debian '${suite}' by ${tool}`,
    needsEmpty: true,
    async fill(folder, options) {
      await runTool(
        tool,
        [
          '--variant=minbase',
          '--format=directory',
          ...packages,
          suite,
          folder,
          ...(mirror === '' ? [] : [mirror]),
        ],
        options,
      );
      return `Debian '${suite}'`;
    },
  };
}
