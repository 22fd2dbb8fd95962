import type { NewEvent } from '../../journal/event.ts';

/** Docker's words for what happens to images. */
export type ImageAction =
  | 'pull'
  | 'load'
  | 'import'
  | 'commit'
  | 'push'
  | 'save'
  | 'tag'
  | 'untag'
  | 'delete';

/** `name`: as people write it; an image without one has its id. */
export function imageEvent(action: ImageAction, id: string, name: string): NewEvent {
  return { subject: { type: 'image', id, name }, action, attributes: { name } };
}
