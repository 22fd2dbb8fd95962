import { familiarName, familiarRepository, parseImageName } from '../../common/image-name.ts';

/** A name of likerd's as people write it: debian:latest of docker.io/library/debian:latest. */
export function familiar(name: string): string {
  return familiarName(parseImageName(name, 'name'));
}

/** Its repository, tag and digest, as people write them. */
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
