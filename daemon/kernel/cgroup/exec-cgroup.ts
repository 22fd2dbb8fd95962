import { removeFolders } from './remove.ts';
import type { Tracker } from './tracker.ts';

/** The cgroup of one exec, inside its container's, only in the hierarchy that tracks processes. */
export type ExecGroup = Pick<ExecCgroup, keyof ExecCgroup>;

export class ExecCgroup {
  /** v1 files "tasks" that the process writes 0 to. */
  readonly joinFiles: readonly string[];
  /** v2 folder for CLONE_INTO_CGROUP; empty when v2 is not mounted. */
  readonly unified: string;
  readonly #folder: string;
  readonly #tracker: Tracker;

  constructor(folder: string, containerFiles: readonly string[], tracker: Tracker) {
    this.#folder = folder;
    this.#tracker = tracker;
    const isV2 = tracker.eventsFile !== undefined;
    this.unified = isV2 ? folder : '';
    this.joinFiles = isV2 ? containerFiles : [...containerFiles, `${folder}/tasks`];
  }

  populated(): Promise<boolean> {
    return this.#tracker.isPopulated(this.#folder);
  }

  /** Sends SIGKILL to all its processes. They end a moment later. */
  async kill(): Promise<void> {
    await this.#tracker.kill(this.#folder);
  }

  /** Waits for ending processes. A missing folder is no error. */
  async remove(): Promise<void> {
    const { eventsFile } = this.#tracker;
    await removeFolders([this.#folder], eventsFile && `${this.#folder}/${eventsFile}`);
  }
}
