import { closeSync, openSync, readSync } from 'node:fs';
import { badArgument, type LikerError } from '../../common/errors.ts';
import { own } from '../../common/own.ts';
import { maxSeccompProfileBytes } from '../../common/sizes.ts';
import { fileProblem } from '../cli/file-problem.ts';
import { utf8Text } from '../cli/utf8.ts';
import { invalidFlag, unsupportedFlag } from './invalid-flag.ts';

/** What --security-opt says about a container; the fields of its spec. */
export interface SecurityOptions {
  readonly seccompUnconfined: boolean;
  readonly seccompProfile: string;
  readonly apparmorProfile: string;
  readonly selinuxLabel: string[];
  readonly maskPaths: string[];
  readonly unmaskPaths: string[];
  readonly procOptions: string[];
}

interface Option {
  readonly item: string;
  readonly name: string;
  /** Undefined: it was given without a value. */
  readonly value: string | undefined;
}

const flag = 'security-opt';

/** Splits at the first = or, as old versions of Docker did, at the first colon. Throws BAD_ARGUMENT for an unknown option. */
function split(items: readonly string[]): Option[] {
  return items.map((item) => {
    const [, name = '', value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(item) ?? [];
    const example = own(examples, name);
    if (example === undefined) throw invalidFlag(flag, item, `use ${Object.keys(examples).join('=…, ')}=…`);
    if (!value && name !== 'no-new-privileges') throw invalidFlag(flag, item, `write ${name}=${example}`);
    return { item, name, value };
  });
}

const examples: Readonly<Record<string, string>> = {
  seccomp: 'FILE, unconfined or builtin',
  'no-new-privileges': 'true or false',
  apparmor: 'PROFILE or unconfined',
  label: 'type:TYPE, level:LEVEL, user:USER, role:ROLE or disable',
  systempaths: 'unconfined',
  mask: '/PATH[:/PATH…]',
  unmask: 'ALL or /PATH[:/PATH…]',
  'proc-opts': 'hidepid=2[,OPTION…]',
  'writable-cgroups': 'false',
};

/** What a shell offers. */
export const securitySuggestions: readonly string[] = [
  ...[
    'seccomp=',
    'seccomp=unconfined',
    'seccomp=builtin',
    'no-new-privileges',
    'apparmor=',
    'apparmor=unconfined',
  ],
  ...['label=type:', 'label=level:', 'label=user:', 'label=role:', 'label=disable', 'systempaths=unconfined'],
  ...['mask=/', 'unmask=/', 'unmask=ALL', 'proc-opts=hidepid=', 'proc-opts=subset=pid'],
];

/** Whether --security-opt forbids new privileges. The last one counts. Throws BAD_ARGUMENT. */
export function parseNoNewPrivileges(items: readonly string[]): boolean {
  const last = split(items).findLast(({ name }) => name === 'no-new-privileges');
  if (last === undefined) return false;
  const { item, value = 'true' } = last;
  if (value !== 'true' && value !== 'false') throw invalidFlag(flag, item, 'write true or false');
  return value === 'true';
}

/** Parses --security-opt, and reads the seccomp profile. Throws BAD_ARGUMENT. */
export function parseSecurityOptions(items: readonly string[]): SecurityOptions {
  const options = split(items);
  const last = (name: string): Option | undefined => options.findLast((option) => option.name === name);
  const values = (name: string): string[] =>
    options.flatMap((option) => (option.name === name ? (option.value ?? '') : []));
  const apparmor = last('apparmor')?.value ?? '';
  checkConstant(last('systempaths'), 'unconfined');
  checkConstant(last('writable-cgroups'), 'false');
  return {
    ...seccomp(last('seccomp')),
    apparmorProfile: apparmor === 'unconfined' ? '' : apparmor,
    selinuxLabel: values('label').includes('disable') ? [] : values('label'),
    maskPaths: values('mask').flatMap((value) => value.split(':')),
    unmaskPaths: [
      ...(last('systempaths') ? ['ALL'] : []),
      ...values('unmask').flatMap((value) => value.split(':')),
    ],
    procOptions: values('proc-opts').flatMap((value) => value.split(',')),
  };
}

function seccomp(option: Option | undefined): Pick<SecurityOptions, 'seccompUnconfined' | 'seccompProfile'> {
  const value = option?.value ?? 'builtin';
  const isFile = value !== 'unconfined' && value !== 'builtin';
  return { seccompUnconfined: value === 'unconfined', seccompProfile: isFile ? readProfile(value) : '' };
}

function checkConstant(option: Option | undefined, only: string): void {
  if (option === undefined || option.value === only) return;
  if (option.name === 'writable-cgroups')
    throw unsupportedFlag(
      flag,
      option.item,
      'control groups are read-only; use --privileged to write to them',
    );
  throw invalidFlag(flag, option.item, `write ${option.name}=${only}`);
}

/** The text of a profile. Whether it is one is for likerd to say. Throws BAD_ARGUMENT. */
function readProfile(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readSome(file);
  } catch (error) {
    throw cannotRead(file, fileProblem(error, 'read'));
  }
  if (bytes.length > maxSeccompProfileBytes)
    throw cannotRead(file, `a profile has at most ${maxSeccompProfileBytes / 1024} KiB`);
  const text = utf8Text(bytes, file, flag);
  if (text.trim() === '') throw cannotRead(file, 'it is empty; without a filter it is seccomp=unconfined');
  return text;
}

/** One byte more than a profile has at most tells that there is more. */
function readSome(file: string): Buffer {
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(maxSeccompProfileBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0; length += read)
      read = readSync(fd, buffer, length, buffer.length - length, null);
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function cannotRead(file: string, why: string): LikerError {
  return badArgument(flag, `Cannot read the seccomp profile '${file}': ${why}`);
}
