type Item<List> = List extends readonly (infer One)[] ? One : never;
type IsMap<T> = string extends keyof T ? true : false;
type WithoutNulls<T> = T extends readonly unknown[]
  ? WithoutNulls<Item<T>>[]
  : T extends object
    ? IsMap<T> extends true
      ? { [Name in keyof T]: T[Name] }
      : { -readonly [Name in keyof T]?: WithoutNulls<Exclude<T[Name], null>> }
    : T;

/** The value as a message: a field that is null is not set. */
export function withoutNulls<T>(value: T): WithoutNulls<T> {
  if (Array.isArray(value)) return value.map(withoutNulls) as WithoutNulls<T>;
  if (typeof value !== 'object' || value === null) return value as WithoutNulls<T>;
  const set: Partial<Record<keyof T, unknown>> = {};
  for (const name in value) if (value[name] !== null) set[name] = withoutNulls(value[name]);
  return set as WithoutNulls<T>;
}
