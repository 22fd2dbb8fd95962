import { readFileSync } from 'node:fs';

let own: number | undefined;

/** likerd's own oom_score_adj (proc(5)), which its children inherit. Read once, since it is set at the start. */
export function ownOomScoreAdj(): number {
  own ??= Number(readFileSync('/proc/self/oom_score_adj', 'latin1'));
  return own;
}
