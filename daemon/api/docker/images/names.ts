import { familiar, familiarRepository, parseImageName } from '../../../../common/image-name.ts';

/** Names as Docker lists them: debian:12. */
export function repoTags(names: readonly string[]): string[] {
  return names.map(familiar);
}

/** REPOSITORY@DIGEST as Docker lists it. */
export function repoDigests(digests: readonly string[]): string[] {
  return digests.map((text) => {
    const [repository = '', digest = ''] = text.split('@');
    return `${familiarRepository(parseImageName(repository, 'name'))}@${digest}`;
  });
}

/** NAME[:TAG] or NAME[@DIGEST], from a name and what a client gives beside it. */
export function nameWithTag(name: string, tag: string): string {
  if (tag === '') return name;
  return tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`;
}
