import * as v from 'valibot';

// What plain data looks like, as values from which its types are inferred: docs/adr/0023.

type ReadOnly<T> = T extends readonly (infer Item)[]
  ? readonly ReadOnly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: ReadOnly<T[Key]> }
    : T;

/** The type of what a schema reads, all of it read-only. */
export type Of<Schema extends v.GenericSchema> = ReadOnly<v.InferOutput<Schema>>;
/** The same before the defaults are filled in. */
export type Given<Schema extends v.GenericSchema> = ReadOnly<v.InferInput<Schema>>;

/** An object with these fields. Others stay as they are: a newer version may have written them. */
export function fields<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.looseObject(entries) as unknown as v.ObjectSchema<Entries, undefined>;
}

/** An object that is `{}` where it is missing, so that each of its fields has its default. */
export function group<const Entries extends v.ObjectEntries>(entries: Entries) {
  const whole = fields(entries);
  return v.optional(whole, {} as v.InferInput<typeof whole>);
}

/** Null where it is missing. */
export function orNull<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.nullish(schema, null);
}

/** Milliseconds since the epoch, as far as a date goes (the year 9999, as in a Timestamp of protobuf). */
export const moment = v.pipe(v.number(), v.minValue(0), v.maxValue(253_402_300_799_999));

export const texts = v.optional(v.array(v.string()), []);
export const no = v.optional(v.boolean(), false);

/** Values by any name. (The library's record leaves out some names, such as constructor.) */
export function byName<T>(value: v.GenericSchema<T>) {
  const isMap = (input: unknown): boolean =>
    typeof input === 'object' && input !== null && Object.values(input).every((item) => v.is(value, item));
  const message = ({ received }: { readonly received: string }) =>
    `Invalid type: Expected an object of ${value.expects}s but received ${received}`;
  return v.optional(v.custom<Record<string, T>>(isMap, message), {});
}

/** The value with its defaults. Throws an Error that names the field, what belongs there and what was found. */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  what: string,
): Of<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output as Of<Schema>;
  const [issue] = result.issues;
  const path = issue.path?.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  throw new Error(`${what}${path ?? ''}: ${issue.message}`);
}

/** As `check`, for the text of a column or a file. */
export function read<Schema extends v.GenericSchema>(schema: Schema, text: string, what: string): Of<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${what} is not JSON`);
  }
  return check(schema, value, what);
}
