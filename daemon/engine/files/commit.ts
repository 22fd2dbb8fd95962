import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { canonicalName, familiar } from '../../../common/image-name.ts';
import { ownPlatform } from '../../oci/platform.ts';
import type { Container } from '../containers/model/container.ts';
import { commandOf } from '../containers/model/spec.ts';
import { pauseContainer, surelyResumeAfterCommit } from '../containers/verbs/pause.ts';
import type { EngineContext } from '../context.ts';
import type { ImageView } from '../images/api.ts';
import { applyChanges } from '../images/changes/changes.ts';
import { draftLayer, type WriteTar } from '../images/layers/draft-layer.ts';
import { writeDiff } from '../images/layers/write-diff.ts';
import { parseDefaults } from '../images/model/configuration.ts';
import { readConfiguration } from '../images/model/configuration-file.ts';
import { imageEvent } from '../images/model/events.ts';
import { mostLayers } from '../images/model/most-layers.ts';
import { parseTagName } from '../images/model/tag-name.ts';
import { makeImage } from '../images/verbs/make-image.ts';
import type { CommitOptions } from './api.ts';
import { imageConfig } from './image-config.ts';
import { hasOwnLayer } from './layers-below.ts';
import { openLayer, openRoot } from './open-root.ts';

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
  const { rootfs: _layers, history: _steps, ...alone } = json;
  const isWhole = writesWhole(context, container);
  const configuration = {
    // What the container has removed would come back from layers below its whole root.
    ...(isWhole ? alone : json),
    ...(options.author && { author: options.author }),
    config: { ...config, ...applyChanges(parseDefaults(config), options.changes) },
  };
  using layer = await draft(context, container, { ...options, isWhole }, signal);
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
  { pause, isWhole }: CommitOptions & { readonly isWhole: boolean },
  signal: AbortSignal,
) {
  const isPaused = pause && container.phase.state === 'running' && context.cgroups.offers('freezer');
  if (isPaused) await pauseContainer(context, container, { forCommit: true });
  try {
    if (!isWhole) {
      await using layer = await openLayer(context, container, signal);
      const { upper: path } = context.folders.of(container.id);
      await using upper = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
      const write = writeDiff(context.images, upper.fd, (over) => layer.add(over));
      return await draftLayer(context.images, write, () => {}, layer.signal);
    }
    await using root = await openRoot(context, container, signal);
    const write: WriteTar = async (output, over) => {
      await context.files.wholeTo(output, root.process, over);
    };
    return await draftLayer(context.images, write, () => {}, root.signal);
  } finally {
    if (isPaused) await surelyResumeAfterCommit(context, container);
  }
}

/** Not only its own layer: it has none, or it is on a directory instead of layers, or on as many as can be, or its ids are known to it alone. */
function writesWhole({ users }: EngineContext, container: Container): boolean {
  const { rootfs } = container.spec;
  if (rootfs.kind !== 'image' || rootfs.layers.length >= mostLayers || !hasOwnLayer(container)) return true;
  return !users.isRootOnHost && container.facts.userNamespace !== null;
}
