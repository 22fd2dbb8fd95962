import type { AskedSpec } from '../../../engine/containers/model/spec.ts';
import { HttpError } from '../http/errors.ts';
import type { AskedHost } from './create-body.ts';

type Security = Pick<
  AskedSpec,
  'seccompUnconfined' | 'seccompProfile' | 'apparmorProfile' | 'selinuxLabel' | 'maskPaths' | 'unmaskPaths'
>;

/** SecurityOpt, and the paths that are hidden. Of a seccomp profile, the client sends the text. */
export function parseSecurity(host: AskedHost): Security & { readonly noNewPrivileges: boolean } {
  const options = host.SecurityOpt.map(split);
  const last = (name: string) => options.findLast((option) => option.name === name)?.value;
  const labels = options.filter(({ name }) => name === 'label').map(({ value }) => value);
  const seccomp = last('seccomp') ?? 'builtin';
  const apparmor = last('apparmor') ?? '';
  const isProfile = seccomp !== 'unconfined' && seccomp !== 'builtin';
  // No list at all: the usual ones. An empty one: none is hidden.
  const masked = host.MaskedPaths;
  return {
    seccompUnconfined: seccomp === 'unconfined',
    seccompProfile: isProfile ? seccomp : '',
    apparmorProfile: apparmor === 'unconfined' ? '' : apparmor,
    selinuxLabel: labels.includes('disable') ? [] : labels,
    maskPaths: masked ?? [],
    unmaskPaths: masked === null && last('systempaths') === undefined ? [] : ['ALL'],
    noNewPrivileges: ['true', ''].includes(last('no-new-privileges') ?? 'false'),
  };
}

const known = ['seccomp', 'apparmor', 'label', 'no-new-privileges', 'systempaths'];

function split(option: string): { readonly name: string; readonly value: string } {
  const [, name = '', value = ''] = /^([^=:]*)(?:[=:](.*))?$/s.exec(option) ?? [];
  if (known.includes(name)) return { name, value };
  throw new HttpError(400, `invalid --security-opt: '${option}': use ${known.join(', ')}`);
}
