import { formatPlatform, ownPlatform } from '../../oci/platform.ts';
import type { ImageView } from './api.ts';
import type { ImageContext } from './context.ts';
import { mostLayers } from './model/most-layers.ts';

/** What the user of an image that has come should know: no container can be made from it. */
export function layerWarnings({ ledger }: Pick<ImageContext, 'ledger'>, id: string): readonly string[] {
  const { length } = ledger.rows.layers.of(id);
  if (length <= mostLayers) return [];
  return [
    `It has ${length} layers, and a container has at most ${mostLayers}: it can be pushed and saved, but not run`,
  ];
}

/** docker save has images of any platform. */
export function platformWarnings({ platform }: Pick<ImageView, 'platform'>): readonly string[] {
  const own = formatPlatform(ownPlatform());
  if (platform === own || platform === '') return [];
  return [`Its programs are for ${platform}, and this machine is ${own}`];
}
