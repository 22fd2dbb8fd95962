/** Where the archive of a layer comes from. */
export interface LayerSource {
  /** Of the archive as it comes; the diff id where no other is known. */
  readonly digest: string;
  /** Bytes of the archive. */
  readonly size: number;
  open(): Promise<OpenSource>;
}

/** The file that has, or gets, the archive's bytes. Disposing of it closes it. */
export interface OpenSource extends AsyncDisposable {
  readonly fd: number;
  /** So many of the first bytes are there already. */
  readonly there: number;
  /** Brings the others, and tells of how many of the first are there. Null: all are there. */
  readonly bring: ((onBytes: (end: number) => void, signal: AbortSignal) => Promise<void>) | null;
  /** The layer is committed. */
  taken(): Promise<void>;
  /** Its bytes are not those of the layer: nobody is to continue with them. */
  refused(): Promise<void>;
}
