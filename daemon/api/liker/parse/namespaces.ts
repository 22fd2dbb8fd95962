import { invalid } from '../../../../common/errors.ts';
import { userNamespaceModes } from '../../../../common/user-namespace-modes.ts';
import type { Namespaces as ProtoNamespaces } from '../../../../proto/gen/types/liker/v1/Namespaces.ts';
import type { Namespaces } from '../../../engine/containers/model/spec.ts';
import { parseIdMaps } from '../../../kernel/users/id-maps.ts';

type OwnOrHost = Namespaces['uts'];

/** Who calls, for keep-id: as the kernel knows it, since the client cannot be asked. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
}

export function parseNamespaces(
  namespaces: ProtoNamespaces | null,
  field: string,
  caller: Caller | null,
): Namespaces {
  const { pid = '', ipc = '', uts = '', cgroup = '', network = '', user = '' } = namespaces ?? {};
  const some = ['private', 'host'];
  const more = [...some, 'container:ID'];
  return {
    user: parseUser(user, `${field}.user`, caller),
    pid: parseShare(pid, `${field}.pid`, more, ofContainer),
    ipc: parseShare(ipc, `${field}.ipc`, more, ofContainer),
    uts: parseShare(uts, `${field}.uts`, some),
    cgroup: parseShare(cgroup, `${field}.cgroup`, some),
    network: parseNetwork(network, `${field}.network`),
  };
}

function parseNetwork(text: string, field: string): Namespaces['network'] {
  if (text === 'none') return { kind: 'private', alone: true };
  const words = ['private', 'none', 'host', 'container:ID', 'ns:/PATH'];
  const share = parseShare(text, field, words, (other) => ofContainer(other) ?? byPath(other));
  return share.kind === 'private' ? { ...share, alone: false } : share;
}

function parseUser(text: string, field: string, caller: Caller | null): Namespaces['user'] {
  if (text === '') return { kind: 'default' };
  if (text === 'host' || text === 'auto') return { kind: text };
  if (text === 'keep-id') {
    if (caller === null) throw invalid(field, text, 'it is not known which user calls');
    return { kind: text, uid: caller.uid, gid: caller.gid };
  }
  const container = ofContainer(text);
  if (container !== null) return container;
  return { kind: 'maps', maps: parseMaps(text, text, field, `use ${userNamespaceModes}`) };
}

/** `whole` is what the error names. */
export function parseMaps(text: string, whole: string, field: string, otherwise: string) {
  const maps = parseIdMaps(text);
  if (maps === null) throw invalid(field, whole, otherwise);
  if (typeof maps === 'string') throw invalid(field, whole, maps);
  return maps;
}

/** `words` are all that there are, for the message; `other` reads those that are not a word alone. */
function parseShare<Other = never>(
  text: string,
  field: string,
  words: readonly string[],
  other: (text: string) => Other | null = () => null,
): OwnOrHost | Other {
  if (text === 'host') return { kind: 'host' };
  if (text === '' || text === 'private') return { kind: 'private' };
  const share = other(text);
  if (share === null) throw invalid(field, text, `use ${words.join(', ')}`);
  return share;
}

function ofContainer(text: string) {
  const [, id] = /^container:(.+)$/s.exec(text) ?? [];
  return id === undefined ? null : ({ kind: 'container', id } as const);
}

function byPath(text: string) {
  return /^ns:\/./.test(text) ? ({ kind: 'path', path: text.slice('ns:'.length) } as const) : null;
}
