import { asError } from '../../../../common/errors.ts';
import { formatPlatform, isSamePlatform, parsePlatform } from '../../../oci/platform.ts';
import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { bodyOf, type Call } from '../http/call.ts';
import { HttpError, isLikerError, textOf } from '../http/errors.ts';
import { type CreateBody, createBody } from './create-body.ts';
import { parseSpec } from './parse-spec.ts';

export async function createContainer({ engine }: Door, call: Call): Promise<Answer> {
  const body = await bodyOf(call, createBody);
  if (body.Image === '') throw new HttpError(400, 'Config.Image is missing: the name of an image');
  const name = (call.query.get('name') ?? '').replace(/^\//, '');
  await requirePlatform(engine, body.Image, call.query.get('platform') ?? '');
  const spec = parseSpec(await withImagesCommand(engine, body), name);
  const { container, warnings } = await engine.containers
    .create(spec, { requestId: '', replace: false })
    .catch(missingPart);
  return json({ Id: container.id, Warnings: warnings }, 201);
}

/** Docker's command takes 404 to mean that the image is missing, and pulls it. */
function missingPart(thrown: unknown): never {
  const error = asError(thrown);
  if (isLikerError(error) && error.status === 'NOT_FOUND' && error.reason !== 'IMAGE_NOT_FOUND')
    throw new HttpError(400, textOf(error));
  throw thrown;
}

/** The client pulls what it is told that there is not. */
async function requirePlatform({ images }: Door['engine'], name: string, wanted: string): Promise<void> {
  if (wanted === '') return;
  const { configuration } = await images.get(name);
  if (isSamePlatform(configuration, parsePlatform(wanted, 'platform'))) return;
  const here = formatPlatform(configuration);
  throw new HttpError(404, `No such image: ${name} for ${wanted}; the one that is here is for ${here}`);
}

/** An entrypoint that is given and empty takes the image's away, and leaves its command. */
async function withImagesCommand({ images }: Door['engine'], body: CreateBody): Promise<CreateBody> {
  if (body.Entrypoint?.length !== 0 || (body.Cmd ?? []).length > 0) return body;
  const { configuration } = await images.get(body.Image);
  return { ...body, Cmd: configuration.config.Cmd === null ? null : [...configuration.config.Cmd] };
}
