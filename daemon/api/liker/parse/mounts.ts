import { posix } from 'node:path';
import { shortestPath } from '../../../../common/checks.ts';
import { badArgument, invalid } from '../../../../common/errors.ts';
import type { Mount as ProtoMount } from '../../../../proto/gen/types/liker/v1/Mount.ts';
import {
  type Idmap,
  type Mount,
  type Propagation,
  propagations,
} from '../../../engine/containers/model/spec.ts';
import { parseMaps } from './namespaces.ts';
import { required } from './text.ts';

export function parseMounts(mounts: readonly ProtoMount[], field: string): Mount[] {
  return mounts.map((mount, index) => parseMount(mount, `${field}[${index}]`));
}

function parseMount(mount: ProtoMount, field: string): Mount {
  const target = shortestPath(required(mount.target, `${field}.target`));
  switch (mount.type) {
    case 'TYPE_BIND':
      return parseBind(mount, target, field);
    case 'TYPE_TMPFS':
      return parseTmpfs(mount, target, field);
    default:
      throw badArgument(`${field}.type`, `Invalid ${field}.type: use TYPE_BIND or TYPE_TMPFS`);
  }
}

function parseBind(mount: ProtoMount, target: string, field: string): Mount {
  if (mount.options.length > 0) {
    throw badArgument(`${field}.options`, 'Invalid mount: options are for a tmpfs, not for a bind');
  }
  return {
    type: 'bind',
    source: posix.normalize(required(mount.source, `${field}.source`)),
    target,
    readOnly: mount.readOnly,
    readOnlyNonRecursive: mount.readOnlyNonRecursive,
    propagation: parsePropagation(mount.propagation || 'rprivate', `${field}.propagation`),
    recursive: !mount.nonRecursive,
    createSource: mount.createSource,
    idmap: parseIdmap(mount.idmap, `${field}.idmap`),
  };
}

function parseIdmap(text: string, field: string): Idmap {
  if (text === '') return { kind: 'default' };
  if (text === 'none' || text === 'container') return { kind: text };
  const relative = text.startsWith('@');
  const otherwise = 'an idmap is none, container or [@]uids=DISK-OUTSIDE-COUNT[#…];gids=…';
  const maps = parseMaps(relative ? text.slice(1) : text, text, field, otherwise);
  return { kind: 'maps', maps, relative };
}

function parsePropagation(word: string, field: string): Propagation {
  const found = propagations.find((propagation) => propagation === word);
  if (found === undefined) throw invalid(field, word, `use ${propagations.join(', ')}`);
  return found;
}

function parseTmpfs(mount: ProtoMount, target: string, field: string): Mount {
  const wrong = (
    ['source', 'propagation', 'nonRecursive', 'createSource', 'readOnlyNonRecursive', 'idmap'] as const
  ).find((name) => mount[name]);
  if (wrong !== undefined) {
    throw badArgument(
      `${field}.${snake(wrong)}`,
      `Invalid mount: ${snake(wrong)} is for a bind, not for a tmpfs`,
    );
  }
  return { type: 'tmpfs', target, readOnly: mount.readOnly, options: mount.options };
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
