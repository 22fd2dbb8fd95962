import type { SecretMountInput } from '../../proto/gen/types/liker/v1/SecretMount.ts';
import { splitCsv } from './csv.ts';
import { invalidFlag } from './invalid-flag.ts';

const keys = ['source', 'target', 'mode', 'uid', 'gid'];
const aliases = new Map([
  ['src', 'source'],
  ['dst', 'target'],
  ['destination', 'target'],
]);

/** Parses --secret NAME[,target=PATH][,mode=0400][,uid=N][,gid=N]; a target without a slash is below /run/secrets. */
export function parseSecret(text: string): SecretMountInput {
  const fields = new Map<string, string>();
  for (const [index, field] of splitCsv(text, 'secret').entries()) {
    const equals = field.indexOf('=');
    const key = index === 0 && equals === -1 ? 'source' : field.slice(0, equals);
    const name = aliases.get(key) ?? key;
    if (!keys.includes(name))
      throw invalidFlag('secret', text, `unknown key '${key}'; use ${keys.join(', ')}`);
    if (fields.has(name)) throw invalidFlag('secret', text, `'${name}' is given twice`);
    fields.set(name, equals === -1 ? field : field.slice(equals + 1));
  }
  const name = fields.get('source') ?? '';
  if (name === '') throw invalidFlag('secret', text, 'the name of the secret is missing');
  const target = fields.get('target') ?? name;
  const mode = fields.get('mode');
  if (mode !== undefined && !/^[0-7]{1,4}$/.test(mode))
    throw invalidFlag('secret', text, 'mode must be an octal number, such as 0400');
  return {
    name,
    target: target.startsWith('/') ? target : `/run/secrets/${target}`,
    ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }),
    uid: idOf(text, fields.get('uid')),
    gid: idOf(text, fields.get('gid')),
  };
}

function idOf(text: string, id = '0'): number {
  if (!/^\d{1,9}$/.test(id)) throw invalidFlag('secret', text, 'uid and gid must be numbers');
  return Number(id);
}
