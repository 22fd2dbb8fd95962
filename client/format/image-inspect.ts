import { familiar } from '../../common/image-name.ts';
import type { GetImageResponse } from '../../proto/gen/types/liker/v1/GetImageResponse.ts';
import { goMap } from './template-functions.ts';
import { rfc3339 } from './timestamp.ts';

/** An image in Docker's form. */
export function imageRecord({ image, configuration, layers, storedAt }: GetImageResponse): object {
  const own = JSON.parse(configuration.toString()) as Record<string, unknown>;
  const text = (key: string): string => (typeof own[key] === 'string' ? own[key] : '');
  const config = typeof own['config'] === 'object' && own['config'] !== null ? own['config'] : {};
  const history = Array.isArray(own['history']) ? (own['history'] as unknown[]) : [];
  const last = history.at(-1) as { readonly comment?: unknown } | null | undefined;
  const variant = text('variant');
  return {
    Id: image?.id ?? '',
    RepoTags: (image?.names ?? []).map(familiar),
    RepoDigests: (image?.digests ?? []).map(familiar),
    Parent: '',
    Comment: typeof last?.comment === 'string' ? last.comment : '',
    Created: text('created') || rfc3339(null),
    DockerVersion: text('docker_version'),
    Author: text('author'),
    Config: mapsOf(config),
    Architecture: text('architecture'),
    ...(variant === '' ? {} : { Variant: variant }),
    Os: text('os'),
    Size: image?.sizeBytes ?? 0,
    GraphDriver: { Name: 'overlay2', Data: goMap([]) },
    RootFS: { Type: 'layers', Layers: layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: rfc3339(storedAt) },
  };
}

const maps = ['Labels', 'ExposedPorts', 'Volumes'];

/** For templates, a missing key of a map is no error. */
function mapsOf(config: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      maps.includes(key) && typeof value === 'object' && value !== null
        ? goMap(Object.entries(value))
        : value,
    ]),
  );
}
