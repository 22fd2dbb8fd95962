import type { Provider } from './provider.ts';
import { requireTool, runTool } from './run-tool.ts';

/** What a shell needs in a distribution of RPM packages. */
const usual = ['rootfiles', 'bash'];

/** Packages that dnf or yum installs. Without a repository they come from those that this machine has. */
export function rpm({
  release,
  repository,
  unsigned,
  include,
}: {
  readonly release: string;
  /** URL; empty: those of this machine. */
  readonly repository: string;
  /** Packages need no signature. */
  readonly unsigned: boolean;
  readonly include: readonly string[];
}): Provider {
  const tool = requireTool(['dnf', 'dnf5', 'yum'], 'apt-get install dnf');
  const packages = [...usual, ...include];
  return {
    doing: `Installing ${packages.join(', ')} by ${tool}`,
    needsEmpty: false,
    async fill(folder, options) {
      await runTool(
        tool,
        [
          `--installroot=${folder}`,
          '--assumeyes',
          '--setopt=install_weak_deps=False',
          '--setopt=tsflags=nodocs',
          ...(release === '' ? [] : [`--releasever=${release}`]),
          ...(repository === '' ? [] : [`--repofrompath=liker,${repository}`, '--repo=liker']),
          ...(unsigned ? ['--nogpgcheck'] : []),
          'install',
          ...packages,
        ],
        options,
      );
      return packages.join(', ');
    },
  };
}
