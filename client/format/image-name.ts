import { familiarRepository, parseImageName } from '../../common/image-name.ts';

/** The repository, tag and digest of a name of likerd's, as people write them. */
export function partsOf(name: string): {
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
} {
  const parsed = parseImageName(name, 'name');
  return { repository: familiarRepository(parsed), tag: parsed.tag, digest: parsed.digest };
}

/** Of an image's id, for tables: the first twelve digits. */
export function shortImageId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
