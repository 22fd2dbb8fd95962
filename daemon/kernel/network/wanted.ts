import type { Request } from './netlink.ts';

/** A request, in words; in likerd's namespace unless it is `inside`. `link`: whose index it needs. */
export interface Wanted {
  readonly words: string;
  readonly request: Request;
  readonly inside?: boolean;
  readonly link?: string;
  readonly intoNamespace?: boolean;
}
