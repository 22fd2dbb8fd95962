import { badArgument } from '../../common/errors.ts';
import type { Flag, FlagValues } from '../cli/flag.ts';
import { debian } from '../rootfs/debian.ts';
import { host } from '../rootfs/host.ts';
import type { Provider } from '../rootfs/provider.ts';
import { rpm } from '../rootfs/rpm.ts';
import { scratch } from '../rootfs/scratch.ts';

/** Where the files of a root file system come from. */
export const providerFlags: readonly Flag[] = [
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
];

/** The flags that a provider has for itself. */
const ofProviders = {
  host: ['with'],
  debian: ['suite', 'mirror', 'include'],
  rpm: ['release', 'mirror', 'no-gpg-check', 'include'],
  scratch: ['with'],
} as const;

/** The provider that the flags ask for. Throws BAD_ARGUMENT, and BAD_ROOTFS for a tool that is missing. */
export function providerOf(flags: FlagValues): Provider {
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
