import { badArgument, type LikerError } from '../../common/errors.ts';

/** The error for an invalid value of a flag: `Invalid --restart 'ever': WHY`. */
export function invalidFlag(flag: string, value: string | number, why: string): LikerError {
  return badArgument(flag, `Invalid --${flag} '${value}': ${why}`);
}

/** The error for a value that Docker supports and Liker does not yet; `instead` says what to do. */
export function unsupportedFlag(flag: string, value: string, instead: string): LikerError {
  return badArgument(flag, `Cannot use --${flag} '${value}': it is not supported yet; ${instead}`);
}
