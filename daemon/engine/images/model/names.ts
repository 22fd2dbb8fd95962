import { familiarName, parseImageName } from '../../../../common/image-name.ts';

/** The name as people write it, of a canonical one. */
export function familiar(canonical: string): string {
  return familiarName(parseImageName(canonical, 'name'));
}
