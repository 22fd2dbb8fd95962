import { LikerError } from '../../common/errors.ts';
import { own } from '../../common/own.ts';

/** An operating system and a processor, in Go's words. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** Such as v7; empty: the usual one of the architecture. */
  readonly variant: string;
}

const architectures: Readonly<Record<string, readonly [architecture: string, variant: string]>> = {
  x64: ['amd64', ''],
  x86_64: ['amd64', ''],
  'x86-64': ['amd64', ''],
  ia32: ['386', ''],
  i386: ['386', ''],
  i686: ['386', ''],
  aarch64: ['arm64', ''],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

/** Variants that are the same as none. */
const usual: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };

/** The platform of programs that this machine executes. */
export function ownPlatform(): Platform {
  return normal({ os: 'linux', architecture: process.arch, variant: '' });
}

/** Parses OS/ARCH, OS/ARCH/VARIANT or ARCH; empty: this machine's. Throws BAD_ARGUMENT on `field`. */
export function parsePlatform(text: string, field: string): Platform {
  if (text === '') return ownPlatform();
  const parts = text.toLowerCase().split('/');
  const [first = '', second, variant = ''] = parts;
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new LikerError(
      'BAD_ARGUMENT',
      `Invalid ${field} '${text}': write OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64`,
      {
        field,
        metadata: { field },
      },
    );
  }
  if (second === undefined) return normal({ os: 'linux', architecture: first, variant });
  return normal({ os: first, architecture: second, variant });
}

/** linux/arm/v6; the usual variant is left out. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normal(platform);
  return [os, architecture, variant].filter((part) => part !== '').join('/');
}

export function isSamePlatform(one: Platform, other: Platform): boolean {
  return formatPlatform(one) === formatPlatform(other);
}

function normal({ os, architecture, variant }: Platform): Platform {
  const [name, implied] = own(architectures, architecture) ?? [architecture, ''];
  const full = variant || implied;
  return { os, architecture: name, variant: full === own(usual, name) ? '' : full };
}
