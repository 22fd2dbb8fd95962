import * as v from 'valibot';
import { byName, fields, type Of, orNull } from '../../../../common/schema.ts';

/** Go writes null for an empty list. */
const listOf = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(
    v.nullish(v.array(item)),
    v.transform((items) => items ?? []),
  );
const text = v.pipe(
  v.nullish(v.string()),
  v.transform((value) => value ?? ''),
);
const no = v.pipe(
  v.nullish(v.boolean()),
  v.transform((value) => value ?? false),
);
const named = <Value extends v.GenericSchema>(value: Value) =>
  v.pipe(
    v.nullish(byName(value)),
    v.transform((map) => map ?? {}),
  );

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
 * The configuration of an image, https://github.com/opencontainers/image-spec/blob/main/config.md, or Docker's of the same shape. Fields that
 * are missing have their defaults, since tools leave out what is empty.
 */
export const configurationSchema = fields({
  /** RFC 3339; empty: not known. */
  created: text,
  author: text,
  architecture: text,
  os: text,
  'os.version': text,
  variant: text,
  config: v.pipe(
    v.nullish(defaultsSchema),
    v.transform((config) => config ?? v.parse(defaultsSchema, {})),
  ),
  rootfs: fields({
    type: v.optional(v.string(), 'layers'),
    /** The lowest first. */
    diff_ids: listOf(v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/))),
  }),
  history: listOf(historySchema),
});

export interface Configuration extends Of<typeof configurationSchema> {}
