import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { badArgument } from '../../../../common/errors.ts';
import { byName, check, read } from '../../../../common/schema.ts';
import { type VolumeRow, volumeRowSchema } from '../../../store/tables/volume.ts';
import type { NewEvent } from '../../journal/event.ts';

/** A folder of the engine that outlives the containers that mount it. */
export interface Volume {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Nobody gave its name: it is removed with its container where that is asked for, and by a prune. */
  readonly isAnonymous: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** `fresh`: no container was started with it. `filling`: a copy of a root's files into it was begun. `removing`: its folder goes. */
  readonly state: VolumeRow['state'];
  /** With whose end it is removed; empty: none. */
  readonly leaseId: string;
}

const labelsSchema = byName(v.string());
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** The longest name of a file. */
const maxNameLength = 255;

/** Throws BAD_ARGUMENT for a name that Docker would refuse, too, or that no folder can have. */
export function checkVolumeName(name: string, field: string): void {
  if (!namePattern.test(name))
    throw badArgument(
      field,
      `Invalid volume name '${name}': use letters, digits, '_', '.' and '-', beginning with a letter or digit; a path on the host begins with '/', './' or '~'`,
    );
  if (name.length > maxNameLength)
    throw badArgument(
      field,
      `Invalid volume name: it has ${name.length} characters, and at most ${maxNameLength} fit`,
    );
}

/** As Docker's: 64 hexadecimal digits. */
export function anonymousVolumeName(): string {
  return randomBytes(32).toString('hex');
}

export function toVolumeRow({ isAnonymous, labels, ...volume }: Volume): VolumeRow {
  return { ...volume, anonymous: Number(isAnonymous), labels: JSON.stringify(labels) };
}

/** Throws an Error for a row that cannot be read. */
export function fromVolumeRow(row: VolumeRow): Volume {
  const { name, createdAt, anonymous, labels, state, leaseId } = check(volumeRowSchema, row, 'its row');
  checkVolumeName(name, 'name');
  return {
    name,
    createdAt,
    isAnonymous: anonymous !== 0,
    labels: read(labelsSchema, labels, `the labels of volume '${name}'`),
    state,
    leaseId,
  };
}

export function volumeEvent({ name, labels }: Pick<Volume, 'name' | 'labels'>, action: string): NewEvent {
  return { subject: { type: 'volume', id: name, name }, action, attributes: { ...labels, driver: 'local' } };
}
