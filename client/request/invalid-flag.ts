import { badArgument, type LikerError } from '../../common/errors.ts';

/** A value of a flag that cannot be used: `Invalid --restart 'ever': WHY`. */
export function invalidFlag(flag: string, value: string | number, why: string): LikerError {
  return badArgument(flag, `Invalid --${flag} '${value}': ${why}`);
}

/** A value that Docker takes and Liker does not take yet; `instead` says what to do. */
export function unsupportedFlag(flag: string, value: string, instead: string): LikerError {
  return badArgument(flag, `Cannot use --${flag} '${value}': it is not supported yet; ${instead}`);
}
