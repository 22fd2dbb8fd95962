import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import { asError } from '../../../../common/errors.ts';
import { check } from '../../../../common/schema.ts';
import { HttpError } from './errors.ts';

/** A request, as its handler sees it. */
export interface Call {
  /** What the braces of the route's path stand for. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The minor number of the API's version, such as 52. Without a version in the path it is the newest. */
  readonly version: number;
  readonly bytes: AsyncIterable<Buffer>;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** The `id` or `name` of the path. */
export function nameOf({ params }: Pick<Call, 'params'>): string {
  return params['name'] ?? '';
}

const maxBodyBytes = 16 * 1024 * 1024;

/** The JSON of a body; without one, that of an empty object. */
export async function bodyOf<Schema extends v.GenericSchema>(
  { bytes }: Pick<Call, 'bytes'>,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new HttpError(400, 'The body is larger than 16 MiB');
    chunks.push(chunk);
  }
  return parseBody(Buffer.concat(chunks), schema);
}

export function parseBody<Schema extends v.GenericSchema>(
  body: Buffer,
  schema: Schema,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString().trim() || '{}') ?? {};
  } catch (error) {
    throw new HttpError(400, `The body is not JSON: ${asError(error).message}`);
  }
  try {
    return check(schema, value, 'body') as v.InferOutput<Schema>;
  } catch (error) {
    throw new HttpError(400, `Invalid ${asError(error).message}`);
  }
}

// Fields of a body: unknown ones are passed over, and each may be null or missing, as Go writes what is empty.

export const text = v.nullish(v.string(), '');
export const flag = v.nullish(v.boolean(), false);
export const count = v.nullish(v.number(), 0);
export const list = v.nullish(v.array(v.string()), []);
export const maybe = <Schema extends v.GenericSchema>(schema: Schema) => v.nullish(schema, null);
export const listOf = <Schema extends v.GenericSchema>(schema: Schema) => v.nullish(v.array(schema), []);

/** Values by name, of which each may be null. */
export function mapOf<Schema extends v.GenericSchema>(schema: Schema) {
  return v.nullish(
    v.pipe(
      v.looseObject({}),
      v.transform((found) => Object.entries(found).map(([name, value]) => [name, value] as const)),
      v.array(v.tuple([v.string(), schema])),
      v.transform((entries) => new Map(entries as [string, v.InferOutput<Schema>][])),
    ),
    {},
  );
}

const no = new Set(['', '0', 'no', 'false', 'none']);

/** A flag of the query: without a value, it is set. */
export function flagOf({ query }: Pick<Call, 'query'>, name: string, otherwise = false): boolean {
  const value = query.get(name);
  if (value === null) return otherwise;
  // URLSearchParams reads `name` and `name=` alike; Docker's clients write what is not set as the latter.
  return !no.has(value.trim().toLowerCase());
}

/** A whole number of the query. */
export function numberOf({ query }: Pick<Call, 'query'>, name: string): number | null {
  const value = query.get(name) ?? '';
  if (value === '') return null;
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  throw new HttpError(400, `Invalid ${name} '${value}': give a whole number`);
}
