import * as v from 'valibot';
import { asError, LikerError } from '../../../../common/errors.ts';
import { fields, type Of, orNull, read } from '../../../../common/schema.ts';

const text = v.optional(v.string(), '');
const listOf = <Item extends v.GenericSchema>(item: Item) => v.nullish(v.array(item), []);
const pairs = listOf(fields({ name: v.string(), value: v.string() }));
const absolutePath = v.pipe(v.string(), v.startsWith('/'));

const appSchema = fields({
  exec: v.pipe(v.array(v.string()), v.minLength(1)),
  user: v.string(),
  group: v.string(),
  supplementaryGIDs: listOf(v.number()),
  workingDirectory: v.optional(absolutePath, '/'),
  environment: pairs,
  eventHandlers: listOf(fields({ name: v.string() })),
  isolators: listOf(fields({ name: v.string(), value: v.unknown() })),
  mountPoints: listOf(fields({ name: text, path: absolutePath, readOnly: v.optional(v.boolean(), false) })),
  ports: listOf(
    fields({
      name: text,
      protocol: v.string(),
      port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
      count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)), 1),
      socketActivated: v.optional(v.boolean(), false),
    }),
  ),
});

const manifestSchema = fields({
  acKind: v.literal('ImageManifest'),
  acVersion: v.string(),
  name: v.string(),
  labels: pairs,
  app: orNull(appSchema),
  dependencies: listOf(fields({ imageName: v.string() })),
  pathWhitelist: listOf(v.string()),
  annotations: pairs,
});

/** The manifest of an App Container image: https://github.com/appc/spec/blob/master/spec/aci.md */
export interface AciManifest extends Of<typeof manifestSchema> {}
export interface AciApp extends Of<typeof appSchema> {}

/** The greatest manifest that is read. */
export const maxManifestBytes = 1 << 20;

/** Errors: BAD_IMAGE, also for an image that is not whole in itself. */
export function parseAciManifest(bytes: Buffer): AciManifest {
  let manifest: AciManifest;
  try {
    manifest = read(manifestSchema, bytes.toString(), 'its manifest');
  } catch (error) {
    throw badAci(asError(error).message);
  }
  const needed = manifest.dependencies.map(({ imageName }) => `'${imageName}'`);
  if (needed.length > 0) {
    throw badAci(
      `its files are only whole together with those of ${needed.join(', ')}, and nobody serves App Container images any more; make one image of them, such as with acbuild or by hand`,
    );
  }
  if (manifest.pathWhitelist.length > 0)
    throw badAci(
      'it has a pathWhitelist, which is not supported; make it again without the files that do not belong to it',
    );
  return manifest;
}

export function badAci(why: string): LikerError {
  return new LikerError('BAD_IMAGE', `Cannot use the App Container image: ${why}`);
}
