import type { WatchFileResponse } from '../proto/gen/types/liker/v1/WatchFileResponse.ts';

/** A change of a file, as Node's `watch` tells it. */
export interface FileEvent {
  /** `rename`: a name has come, gone or moved; `change`: the contents or the metadata have changed. */
  readonly eventType: 'rename' | 'change';
  /** A name in the folder, or that of the path itself. Null: events may be missing; look at the files again. */
  readonly filename: string | null;
}

/** What happens at a path, until the loop over it is left or the signal is aborted. */
export interface FileWatcher extends AsyncGenerator<FileEvent, void, undefined> {
  /** Resolves when events come from now on. */
  readonly ready: Promise<void>;
}

export function fileWatcher(answers: AsyncGenerator<WatchFileResponse, void, undefined>): FileWatcher {
  const ready = answers.next().then(() => {});
  // Whoever iterates hears of it, too.
  ready.catch(() => {});
  async function* events(): AsyncGenerator<FileEvent, void, undefined> {
    await ready;
    for await (const { kind, name } of answers)
      yield {
        eventType: kind === 'FILE_EVENT_KIND_CHANGED' ? 'change' : 'rename',
        filename: kind === 'FILE_EVENT_KIND_READY' ? null : name,
      };
  }
  const watcher = events();
  const leave = async (): Promise<IteratorReturnResult<void>> => {
    await answers.return();
    return { done: true, value: undefined };
  };
  // A generator that nobody has asked would leave the call open.
  return Object.assign(watcher, { ready, return: leave });
}
