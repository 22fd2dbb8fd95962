import { runFolderOf } from '../../context.ts';
import type { RunResource } from './run-resource.ts';

/** RUN/c/ID: the shim's socket, its exit record, and copies of the container's records (run-record.ts). */
export const runFolder: RunResource = {
  acquire: (context, { container }) => context.folders.createRunFolder(runFolderOf(context, container.id)),

  release: (context, { id, spec }) => {
    const remove = () => context.folders.removeRunFolder(runFolderOf(context, id));
    // Until the end is stored, the exit record in it is all that the next daemon would know of it.
    if (spec.autoRemove) remove();
    else context.journal.backlog.after(remove);
  },
};
