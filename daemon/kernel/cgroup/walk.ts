import { Slices } from '../../loop/turns.ts';
import { childFolders } from './files.ts';

/** A cgroup and all nested in it, each before its children. */
export async function* groupsIn(folder: string): AsyncGenerator<string, void> {
  // A container can make any number of them, so this yields to the event loop.
  const slices = new Slices();
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    yield next;
    for (const name of childFolders(next)) folders.push(`${next}/${name}`);
    if (folders.length > 0 && slices.over) await slices.next();
  }
}
