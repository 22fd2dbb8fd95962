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

export function parseMount(mount: ProtoMount, field: string): Mount {
  const target = shortestPath(required(mount.target, `${field}.target`));
  switch (mount.type) {
    case 'TYPE_BIND':
      return parseBind(mount, target, field);
    case 'TYPE_TMPFS':
      return parseTmpfs(mount, target, field);
    case 'TYPE_VOLUME':
      return parseVolume(mount, target, field);
    case 'TYPE_IMAGE':
      return parseImage(mount, target, field);
    default:
      throw badArgument(
        `${field}.type`,
        `Invalid ${field}.type: use TYPE_BIND, TYPE_TMPFS, TYPE_VOLUME or TYPE_IMAGE`,
      );
  }
}

function parseBind(mount: ProtoMount, target: string, field: string): Mount {
  refuseOthers(mount, 'a bind', field, ['options', 'noCopy', 'subpath']);
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
    overlay: mount.overlay,
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
  refuseOthers(mount, 'a tmpfs', field, ['source', ...ofBind, 'noCopy', 'subpath', 'overlay']);
  return { type: 'tmpfs', target, readOnly: mount.readOnly, options: mount.options };
}

function parseVolume(mount: ProtoMount, target: string, field: string): Mount {
  refuseOthers(mount, 'a volume', field, [...ofBind, 'options']);
  const { source: volume, readOnly, noCopy, subpath, overlay } = mount;
  return {
    type: 'volume',
    volume,
    target,
    readOnly,
    noCopy,
    subpath: shortestPath(subpath),
    overlay,
  };
}

/** It is read-only in any case, unless it is an overlay. */
function parseImage(mount: ProtoMount, target: string, field: string): Mount {
  refuseOthers(mount, 'an image', field, [...ofBind, 'options', 'noCopy']);
  const { source, overlay, readOnly, subpath } = mount;
  const image = required(source, `${field}.source`);
  return {
    ...{ type: 'image', image, id: '', layers: [], target },
    readOnly: readOnly || !overlay,
    overlay,
    subpath: shortestPath(subpath),
  };
}

const ofBind = ['propagation', 'nonRecursive', 'createSource', 'readOnlyNonRecursive', 'idmap'] as const;

/** Throws BAD_ARGUMENT for a field that mounts of this kind do not have. */
function refuseOthers(
  mount: ProtoMount,
  kind: string,
  field: string,
  names: readonly (keyof ProtoMount)[],
): void {
  const wrong = names.find((name) => {
    const value = mount[name];
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  });
  if (wrong !== undefined)
    throw badArgument(`${field}.${snake(wrong)}`, `Invalid mount: ${snake(wrong)} is not for ${kind}`);
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
