import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { canonicalName, familiar } from '../../../common/image-name.ts';
import { ownPlatform } from '../../oci/platform.ts';
import type { Container } from '../containers/model/container.ts';
import { commandOf } from '../containers/model/spec.ts';
import { pauseContainer, resumeContainer } from '../containers/verbs/pause.ts';
import type { EngineContext } from '../context.ts';
import type { ImageView } from '../images/api.ts';
import { applyChanges } from '../images/changes/changes.ts';
import { draftLayer, type WriteTar, writeBytes } from '../images/layers/draft-layer.ts';
import { parseDefaults } from '../images/model/configuration.ts';
import { readConfiguration } from '../images/model/configuration-file.ts';
import { imageEvent } from '../images/model/events.ts';
import { parseTagName } from '../images/model/tag-name.ts';
import { makeImage } from '../images/verbs/make-image.ts';
import type { CommitOptions } from './api.ts';
import { imageConfig } from './image-config.ts';
import { hasOwnLayer } from './layers-below.ts';
import { openRoot } from './open-root.ts';

/** Makes an image of a container's files. A running one is paused while they are read, unless `pause` is false. */
export async function commitContainer(
  context: EngineContext,
  container: Container,
  options: CommitOptions,
  signal: AbortSignal,
): Promise<ImageView> {
  const { images } = context;
  const { rootfs } = container.spec;
  const names = options.name === '' ? [] : [canonicalName(parseTagName(options.name, 'name'))];
  const below = rootfs.kind === 'image' ? rootfs.id : null;
  using _image = images.leases.hold(below === null ? [] : [below]);
  const json = below === null ? rootConfiguration() : await configurationOf(context, below);
  const config = imageConfig(container.spec, json['config']);
  const configuration = {
    ...json,
    ...(options.author && { author: options.author }),
    config: { ...config, ...applyChanges(parseDefaults(config), options.changes) },
  };
  using layer = await draft(context, container, options, signal);
  const [first] = names;
  return await makeImage(images, layer, {
    configuration,
    step: {
      createdBy: commandOf(container.spec).join(' '),
      comment: options.message,
      author: options.author,
    },
    names,
    events: (id) => [imageEvent('commit', id, first === undefined ? id : familiar(first))],
  });
}

function rootConfiguration(): Record<string, unknown> {
  const { os, architecture, variant } = ownPlatform();
  return { architecture, os, ...(variant && { variant }) };
}

async function configurationOf({ images }: EngineContext, id: string): Promise<Record<string, unknown>> {
  const { bytes } = await readConfiguration(images.content, id);
  return JSON.parse(bytes.toString()) as Record<string, unknown>;
}

async function draft(
  context: EngineContext,
  container: Container,
  { pause }: CommitOptions,
  signal: AbortSignal,
) {
  const isPaused = pause && container.phase.state === 'running' && context.cgroups.offers('freezer');
  if (isPaused) await pauseContainer(context, container);
  try {
    return await draftLayer(context.images, writerOf(context, container), () => {}, signal);
  } finally {
    if (isPaused && isStillPaused(container)) await resumeContainer(context, container);
  }
}

/** Someone may have ended, or thawed it. */
function isStillPaused({ phase }: Container): boolean {
  return phase.state === 'paused';
}

/** The container's own layer; or its whole root, if it has none, or on another image than that of layers, or with ids that only it knows. */
function writerOf(context: EngineContext, container: Container): WriteTar {
  const hasOwnIds = !context.users.isRootOnHost && container.facts.userNamespace !== null;
  if (container.spec.rootfs.kind === 'image' && hasOwnLayer(container) && !hasOwnIds)
    return (output, signal) => writeLayer(context, container, output, signal);
  return async (output, signal) => {
    await using root = await openRoot(context, container);
    await writeBytes(context.files.whole(root.process, signal))(output, signal);
  };
}

async function writeLayer(
  { images, folders }: EngineContext,
  container: Container,
  output: Parameters<WriteTar>[0],
  signal: AbortSignal,
): Promise<void> {
  await using upper = await open(folders.of(container.id).upper, constants.O_RDONLY | constants.O_DIRECTORY);
  const { bytes, archive } = images.packer.diff({
    upper: upper.fd,
    whiteouts: images.whiteouts,
    compression: 'none',
    output: null,
    signal,
  });
  archive.catch(() => {});
  if (bytes) await writeBytes(bytes)(output, signal);
  await archive;
}
