import { errnoName } from '../../../../common/errno.ts';
import { action } from '../../../native/libseccomp.ts';

/** SECCOMP_RET_ACTION_FULL and SECCOMP_RET_DATA. */
const withoutData = 0xffff0000;
const dataOnly = 0xffff;

const words: ReadonlyMap<number, string> = new Map([
  [action.allow, 'allow'],
  [action.log, 'log'],
  [action.trap, 'trap'],
  [action.killThread, 'kill-thread'],
  [action.killProcess, 'kill-process'],
  [action.trace(0), 'trace'],
]);

/** What a filter does with a call, SECCOMP_RET_*, in a word: allow, log, trap, trace, kill-thread, kill-process, or errno NAME. */
export function actionWord(value: number): string {
  const kind = (value & withoutData) >>> 0;
  const errno = value & dataOnly;
  return words.get(kind) ?? `errno ${errno === 0 ? 0 : errnoName(errno)}`;
}
