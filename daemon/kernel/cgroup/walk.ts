import { Slices } from '../../loop/turns.ts';
import { childFolders } from './files.ts';

/** A cgroup and all that are nested in it, each before those in it. */
export async function* groupsIn(folder: string): AsyncGenerator<string, void> {
  // As many as the container has made: the event loop goes on meanwhile.
  const slices = new Slices();
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    yield next;
    for (const name of childFolders(next)) folders.push(`${next}/${name}`);
    if (folders.length > 0 && slices.over) await slices.next();
  }
}
