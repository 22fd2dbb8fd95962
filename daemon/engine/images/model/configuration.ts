import * as v from 'valibot';
import { asError, LikerError } from '../../../../common/errors.ts';
import { byName, check, fields, type Of, orNull, read } from '../../../../common/schema.ts';

// Go writes null for an empty list or map, and tools leave out what is empty.
const listOf = <Item extends v.GenericSchema>(item: Item) => v.nullish(v.array(item), []);
const text = v.nullish(v.string(), '');
const no = v.nullish(v.boolean(), false);
const named = <T>(value: v.GenericSchema<T>) => v.nullish(byName(value), {});

/** Docker's health check of an image: durations in nanoseconds, 0 for the default. */
const healthcheckSchema = fields({
  Test: listOf(v.string()),
  Interval: v.optional(v.number(), 0),
  Timeout: v.optional(v.number(), 0),
  StartPeriod: v.optional(v.number(), 0),
  StartInterval: v.optional(v.number(), 0),
  Retries: v.optional(v.number(), 0),
});

/** How to run an image: config of the OCI image specification, and what Docker has added. */
const defaultsSchema = fields({
  User: text,
  Env: listOf(v.string()),
  Entrypoint: orNull(v.array(v.string())),
  Cmd: orNull(v.array(v.string())),
  WorkingDir: text,
  Volumes: named(v.unknown()),
  ExposedPorts: named(v.unknown()),
  Labels: named(v.string()),
  StopSignal: text,
  StopTimeout: orNull(v.number()),
  Healthcheck: orNull(healthcheckSchema),
  Shell: listOf(v.string()),
  OnBuild: listOf(v.string()),
});

const historySchema = fields({
  created: text,
  created_by: text,
  author: text,
  comment: text,
  /** It made no layer. */
  empty_layer: no,
});

/**
 * The configuration of an image, https://github.com/opencontainers/image-spec/blob/main/config.md, or Docker's of the same shape. Missing
 * fields have their defaults.
 */
export const configurationSchema = fields({
  /** RFC 3339; empty: not known. */
  created: text,
  author: text,
  architecture: text,
  os: text,
  'os.version': text,
  variant: text,
  config: v.nullish(defaultsSchema, {}),
  rootfs: fields({
    type: v.optional(v.string(), 'layers'),
    /** The lowest first. */
    diff_ids: listOf(v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/))),
  }),
  history: listOf(historySchema),
});

export interface Configuration extends Of<typeof configurationSchema> {}

/** Completes the JSON of `config`. Throws an Error. */
export function parseDefaults(json: Readonly<Record<string, unknown>>): Configuration['config'] {
  return check(defaultsSchema, json, 'config');
}

/** Reads the configuration of an image that comes. `what` is for errors. Errors: BAD_IMAGE. */
export function parseConfiguration(bytes: Buffer, what: string): Configuration {
  try {
    return read(configurationSchema, bytes.toString(), what);
  } catch (error) {
    throw new LikerError('BAD_IMAGE', `Cannot use the image: ${asError(error).message}`, { cause: error });
  }
}
