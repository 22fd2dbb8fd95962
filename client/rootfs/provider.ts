/** Makes the files of a root file system. */
export interface Provider {
  /** What is done, for a person: completes `… to DIR`. */
  readonly doing: string;
  /** The folder must be empty. */
  readonly needsEmpty: boolean;
  /** Fills the folder, and returns what it holds then, for a person. Throws BAD_ROOTFS or an Error. */
  fill(folder: string, options: FillOptions): Promise<string>;
}

export interface FillOptions {
  /** Print nothing but errors. */
  readonly quiet: boolean;
  readonly signal: AbortSignal | undefined;
}
