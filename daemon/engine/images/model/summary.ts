import { formatPlatform } from '../../../oci/platform.ts';
import type { Content } from '../../../storage/content.ts';
import type { Configuration } from './configuration.ts';
import { readConfiguration } from './configuration-file.ts';

/** What a list says of an image's configuration. */
export interface Summary {
  /** In milliseconds since the epoch; null: it does not say. */
  readonly createdAt: number | null;
  readonly labels: Readonly<Record<string, string>>;
  /** linux/amd64 */
  readonly platform: string;
}

/** The summaries of images, each read once. */
export class Summaries {
  readonly #content: Pick<Content, 'read'>;
  readonly #known = new Map<string, Summary>();

  constructor(content: Pick<Content, 'read'>) {
    this.#content = content;
  }

  /** A configuration that is damaged says nothing. */
  async of(imageId: string): Promise<Summary> {
    const known = this.#known.get(imageId);
    if (known) return known;
    try {
      const summary = summaryOf((await readConfiguration(this.#content, imageId)).configuration);
      this.#known.set(imageId, summary);
      return summary;
    } catch {
      return { createdAt: null, labels: {}, platform: '' };
    }
  }

  /** The image is gone. */
  forget(imageId: string): void {
    this.#known.delete(imageId);
  }
}

export function summaryOf(configuration: Configuration): Summary {
  const { created, config, os, architecture, variant } = configuration;
  return {
    createdAt: timeOf(created),
    labels: config.Labels,
    platform: formatPlatform({ os, architecture, variant }),
  };
}

/** Milliseconds since the epoch of a time in RFC 3339; null for none, and for Go's zero time. */
export function timeOf(text: string): number | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) || text.startsWith('0001-') ? null : ms;
}
