import { badArgument } from '../../../../common/errors.ts';
import { canonicalName, type ImageName, isShortName, parseImageName } from '../../../../common/image-name.ts';

/**
 * Parses a name for a registry. `tried` completes "Cannot …" with the name. Throws BAD_ARGUMENT on `field`, also for a name without a
 * registry if names are to be whole.
 */
export function parseRemoteName(
  text: string,
  field: string,
  { shortNames, tried }: { readonly shortNames: 'docker' | 'strict'; readonly tried: string },
): ImageName {
  const name = parseImageName(text, field);
  if (shortNames === 'docker' || !isShortName(text)) return name;
  const why = 'it has no registry, and this likerd takes only whole names (--short-names strict)';
  throw badArgument(
    field,
    `Cannot ${tried} '${text}': ${why}; write '${canonicalName(name)}' if that is meant`,
  );
}
