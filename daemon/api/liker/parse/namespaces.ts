import { invalid } from '../../../../common/errors.ts';
import type { Namespaces as ProtoNamespaces } from '../../../../proto/gen/types/liker/v1/Namespaces.ts';
import type { Namespaces } from '../../../engine/containers/model/spec.ts';

type OwnOrHost = Namespaces['uts'];

export function parseNamespaces(namespaces: ProtoNamespaces | null, field: string): Namespaces {
  const { pid = '', ipc = '', uts = '', cgroup = '', network = '' } = namespaces ?? {};
  const some = ['private', 'host'];
  const more = [...some, 'container:ID'];
  const all = ['private', 'none', 'host', 'container:ID', 'ns:/PATH'];
  return {
    pid: parseShare(pid, `${field}.pid`, more, ofContainer),
    ipc: parseShare(ipc, `${field}.ipc`, more, ofContainer),
    uts: parseShare(uts, `${field}.uts`, some),
    cgroup: parseShare(cgroup, `${field}.cgroup`, some),
    network: parseShare(network, `${field}.network`, all, (text) => ofContainer(text) ?? byPath(text)),
  };
}

/** `words` are all that there are, for the message; `other` reads those that are not a word alone. */
function parseShare<Other = never>(
  text: string,
  field: string,
  words: readonly string[],
  other: (text: string) => Other | null = () => null,
): OwnOrHost | Other {
  if (text === 'host') return { kind: 'host' };
  if (text === '' || (/^(private|none)$/.test(text) && words.includes(text))) return { kind: 'private' };
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
