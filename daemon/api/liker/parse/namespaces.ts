import { badArgument } from '../../../../common/errors.ts';
import type { Namespaces as ProtoNamespaces } from '../../../../proto/gen/types/liker/v1/Namespaces.ts';
import type { Namespaces, Share } from '../../../engine/containers/model/spec.ts';
import { noNul } from './text.ts';

const isPrivate: Share = { kind: 'private' };

interface Choices {
  /** Can be another container's. */
  readonly ofContainer: boolean;
  /** Can be given by a file that stands for it. */
  readonly byPath?: boolean;
  /** Words that mean private, beside none at all. */
  readonly privateWords: readonly string[];
}

export function parseNamespaces(namespaces: ProtoNamespaces | null, field: string): Namespaces {
  const parse = (name: keyof ProtoNamespaces & string, choices: Choices): Share =>
    parseShare(namespaces?.[name] ?? '', `${field}.${name}`, choices);
  return {
    pid: parse('pid', { ofContainer: true, privateWords: ['private'] }),
    ipc: parse('ipc', { ofContainer: true, privateWords: ['private'] }),
    uts: parse('uts', { ofContainer: false, privateWords: ['private'] }),
    cgroup: parse('cgroup', { ofContainer: false, privateWords: ['private'] }),
    network: parse('network', { ofContainer: true, byPath: true, privateWords: ['private', 'none'] }),
  };
}

function parseShare(
  text: string,
  field: string,
  { ofContainer, byPath = false, privateWords }: Choices,
): Share {
  if (text === '' || privateWords.includes(text)) return isPrivate;
  if (text === 'host') return { kind: 'host' };
  if (byPath && /^ns:\/./.test(text)) return { kind: 'path', path: noNul(text.slice('ns:'.length), field) };
  const id = text.startsWith('container:') ? noNul(text.slice('container:'.length), field) : '';
  if (ofContainer && id !== '') return { kind: 'container', id };
  const words = [
    ...privateWords,
    'host',
    ...(ofContainer ? ['container:ID'] : []),
    ...(byPath ? ['ns:/PATH'] : []),
  ];
  throw badArgument(field, `Invalid ${field} '${text}': use ${words.join(', ')}`);
}
