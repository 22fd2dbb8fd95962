import { badArgument } from '../../common/errors.ts';
import type { Command } from '../cli/command.ts';
import { signalExitCode } from '../cli/exit-codes.ts';
import type { FlagValues } from '../cli/flag.ts';
import { runRootfsBuild } from '../rootfs/command.ts';
import { debian } from '../rootfs/debian.ts';
import { host } from '../rootfs/host.ts';
import type { Provider } from '../rootfs/provider.ts';
import { rpm } from '../rootfs/rpm.ts';
import { scratch } from '../rootfs/scratch.ts';

const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

export const rootfsBuild: Command = {
  name: 'rootfs build',
  usage: 'DIR',
  summary: "Build a root file system from this machine's own programs, or from packages",
  example: 'likerctl rootfs build /var/lib/liker/rootfs --with strace',
  flags: [
    {
      name: 'provider',
      type: 'string',
      choices: ['host', 'debian', 'rpm', 'scratch'],
      fallback: 'host',
      value: 'NAME',
      help: "Where the files come from: host (this machine's programs), debian (mmdebstrap), rpm (dnf or yum), scratch (static programs)",
    },
    {
      name: 'suite',
      type: 'string',
      value: 'SUITE',
      help: 'For debian: the release, such as bookworm or stable',
    },
    { name: 'release', type: 'string', value: 'VERSION', help: 'For rpm: the release of the distribution' },
    {
      name: 'mirror',
      type: 'string',
      value: 'URL',
      help: "For debian and rpm: where packages are downloaded; default: the tool's own mirrors",
    },
    { name: 'no-gpg-check', type: 'bool', help: 'For rpm: take packages that nobody has signed' },
    { name: 'include', type: 'list', value: 'PACKAGE', help: 'For debian and rpm: a package to add' },
    {
      name: 'with',
      type: 'list',
      value: 'PROGRAM',
      help: 'For host and scratch: add a program, by name or path; for host with its libraries, its package and the dependencies of that',
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
      await runRootfsBuild(providerOf(flags), {
        directory,
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

/** The flags that a provider has for itself. */
const ofProviders = {
  host: ['with'],
  debian: ['suite', 'mirror', 'include'],
  rpm: ['release', 'mirror', 'no-gpg-check', 'include'],
  scratch: ['with'],
} as const;

function providerOf(flags: FlagValues): Provider {
  const name = (flags.text('provider') ?? 'host') as keyof typeof ofProviders;
  const known: readonly string[] = ofProviders[name];
  const others = [...new Set(Object.values(ofProviders).flat())].filter((flag) => !known.includes(flag));
  const wrong = others.find((flag) => isGiven(flags, flag));
  if (wrong !== undefined)
    throw badArgument(wrong, `--${wrong} is not for --provider ${name}, which has --${known.join(', --')}`);
  const text = (flag: string): string => flags.text(flag) ?? '';
  const include = flags.list('include');
  switch (name) {
    case 'debian':
      return debian({ suite: text('suite') || 'stable', mirror: text('mirror'), include });
    case 'rpm':
      return rpm({
        release: text('release'),
        repository: text('mirror'),
        unsigned: flags.bool('no-gpg-check'),
        include,
      });
    case 'scratch':
      return scratch(flags.list('with'));
    default:
      return host(flags.list('with'));
  }
}

function isGiven(flags: FlagValues, flag: string): boolean {
  if (flag === 'no-gpg-check') return flags.bool(flag);
  return flag === 'with' || flag === 'include' ? flags.list(flag).length > 0 : flags.text(flag) !== undefined;
}
