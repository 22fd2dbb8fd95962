import * as v from 'valibot';
import { fields, no, type Of, orNull, texts } from '../../../common/schema.ts';

/** What happens to a process when its client vanishes without detaching. */
export const onDisconnectSchema = v.picklist(['keep', 'hangup', 'kill']);
export type OnDisconnect = Of<typeof onDisconnectSchema>;

/** Size of a terminal in characters and, where known, pixels (0: not known). */
const terminalSize = fields({
  columns: v.number(),
  rows: v.number(),
  xPixels: v.number(),
  yPixels: v.number(),
});
export interface TerminalSize extends Of<typeof terminalSize> {}

/** One setrlimit(2) entry; `name` as in RLIMIT_NAME, lower case. Infinity is 2n ** 64n - 1n. Stored as text. */
const rlimit = fields({ name: v.string(), soft: v.string(), hard: v.string() });
export interface Rlimit extends Of<typeof rlimit> {}

/** Limits by Landlock. Lists of TCP ports are null where there is no limit. */
const landlock = fields({
  paths: v.optional(v.array(fields({ path: v.string(), writable: no })), []),
  connect: orNull(v.array(v.number())),
  bind: orNull(v.array(v.number())),
  /** Leaves out what the kernel cannot limit. */
  bestEffort: no,
});
export interface Landlock extends Of<typeof landlock> {}

export const processSchema = fields({
  /** At least one. */
  args: v.array(v.string()),
  /** NAME=VALUE. */
  env: texts,
  cwd: v.optional(v.string(), '/'),
  /** USER[:GROUP]; empty is root. */
  user: v.optional(v.string(), ''),
  additionalGroups: texts,
  tty: no,
  openStdin: no,
  terminalSize: orNull(terminalSize),
  noNewPrivileges: no,
  rlimits: v.optional(v.array(rlimit), []),
  privileged: no,
  /** Null: the kernel's usual, or for an exec the container's. */
  oomScoreAdj: orNull(v.number()),
  /** An exec has those of the container as well. */
  landlock: orNull(landlock),
});
export interface ProcessSpec extends Of<typeof processSchema> {}

/** A process for exec: null and empty fields mean the container's own. */
export const execSchema = fields({
  ...processSchema.entries,
  cwd: orNull(v.string()),
  user: orNull(v.string()),
});
export interface ExecProcess extends Of<typeof execSchema> {}
