import { badArgument } from '../../../../common/errors.ts';
import { type ImageName, parseImageName, withDefaultTag } from '../../../../common/image-name.ts';

/** A name that an image can be given, with its tag. Errors: BAD_ARGUMENT. */
export function parseTagName(text: string, field: string): ImageName {
  const name = withDefaultTag(parseImageName(text, field));
  if (name.digest === null) return name;
  throw badArgument(
    field,
    `Invalid name '${text}': an image is known by a digest only where it was pulled from`,
  );
}
