import { closeFd, tableTouched, watchNftables } from '../../../native/libliker.ts';

let isHandled = false;

/** The kernel says by SIGIO that nftables have changed, whoever has done it, and what. */
export class TableWatch implements Disposable {
  readonly #fd: number;
  readonly #look: () => void;

  /** `onTouched`: somebody may have removed the table `inet NAME`, or a chain or rule of it. */
  constructor(table: string, onTouched: () => void) {
    // It stays, since a signal that nobody handles any more would end likerd.
    if (!isHandled) process.on('SIGIO', () => {});
    isHandled = true;
    const fd = watchNftables();
    this.#fd = fd;
    this.#look = () => {
      if (mayBeTouched(fd, table)) onTouched();
    };
    process.on('SIGIO', this.#look);
  }

  [Symbol.dispose](): void {
    process.off('SIGIO', this.#look);
    closeFd(this.#fd);
  }
}

/** A failure is not told: nobody waits for an answer here. */
function mayBeTouched(fd: number, table: string): boolean {
  try {
    return tableTouched(fd, table);
  } catch {
    return true;
  }
}
