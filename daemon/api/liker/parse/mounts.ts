import { posix } from 'node:path';
import { badArgument } from '../../../../common/errors.ts';
import type { Mount as ProtoMount } from '../../../../proto/gen/types/liker/v1/Mount.ts';
import type { Mount, Propagation } from '../../../engine/containers/model/spec.ts';
import { absolutePath, oneOf } from './text.ts';
import { parseTmpfsOptions } from './tmpfs-options.ts';

const propagations: Readonly<Record<string, Propagation>> = {
  private: 'private',
  rprivate: 'rprivate',
  shared: 'shared',
  rshared: 'rshared',
  slave: 'slave',
  rslave: 'rslave',
  unbindable: 'unbindable',
  runbindable: 'runbindable',
};

/** Checks all that can be known without the host's files. */
export function parseMounts(mounts: readonly ProtoMount[], field: string): Mount[] {
  const targets = new Set<string>();
  return mounts.map((mount, index) => {
    const path = `${field}[${index}]`;
    const parsed = parseMount(mount, path);
    if (targets.has(parsed.target)) {
      throw badArgument(`${path}.target`, `Duplicate mount: '${parsed.target}' is the target of two mounts`);
    }
    targets.add(parsed.target);
    return parsed;
  });
}

function parseMount(mount: ProtoMount, field: string): Mount {
  const target = parseTarget(mount.target, `${field}.target`);
  switch (mount.type) {
    case 'TYPE_BIND':
      return parseBind(mount, target, field);
    case 'TYPE_TMPFS':
      return parseTmpfs(mount, target, field);
    default:
      throw badArgument(`${field}.type`, `Invalid ${field}.type: use TYPE_BIND or TYPE_TMPFS`);
  }
}

function parseTarget(target: string, field: string): string {
  absolutePath(target, field);
  if (target.split('/').includes('..')) {
    throw badArgument(field, `Invalid mount target '${target}': '..' is not allowed in it`);
  }
  const normal = posix.normalize(target).replace(/(.)\/$/, '$1');
  if (normal === '/')
    throw badArgument(field, 'Invalid mount target: the root itself cannot be mounted over');
  return normal;
}

function parseBind(mount: ProtoMount, target: string, field: string): Mount {
  if (mount.options.length > 0) {
    throw badArgument(`${field}.options`, 'Invalid mount: options are for a tmpfs, not for a bind');
  }
  if (mount.readOnlyNonRecursive && !mount.readOnly) {
    throw badArgument(
      `${field}.read_only_non_recursive`,
      'Invalid mount: read_only_non_recursive is for a mount that is read_only',
    );
  }
  return {
    type: 'bind',
    source: posix.normalize(absolutePath(mount.source, `${field}.source`)),
    target,
    readOnly: mount.readOnly,
    readOnlyNonRecursive: mount.readOnlyNonRecursive,
    propagation: oneOf(propagations, mount.propagation || 'rprivate', `${field}.propagation`),
    recursive: !mount.nonRecursive,
    createSource: mount.createSource,
  };
}

function parseTmpfs(mount: ProtoMount, target: string, field: string): Mount {
  const wrong = (
    ['source', 'propagation', 'nonRecursive', 'createSource', 'readOnlyNonRecursive'] as const
  ).find((name) => mount[name]);
  if (wrong !== undefined) {
    throw badArgument(
      `${field}.${snake(wrong)}`,
      `Invalid mount: ${snake(wrong)} is for a bind, not for a tmpfs`,
    );
  }
  return {
    type: 'tmpfs',
    target,
    readOnly: mount.readOnly,
    options: parseTmpfsOptions(mount.options, `${field}.options`),
  };
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
