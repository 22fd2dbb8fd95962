import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { fields, read } from '../../../common/schema.ts';
import type { ValidAttachment } from './attachment.ts';

const cached = fields({ networkName: v.string(), containerId: v.string(), ifName: v.string() });

/**
 * Attachments of the network that other engines have, as far as they use libcni, which keeps each in a file of this folder. Throws an Error
 * where a file cannot be understood.
 */
export function othersAttachments(folder: string, network: string): ValidAttachment[] {
  return namesIn(folder)
    .filter((name) => name.startsWith(`${network}-`))
    .map((name) => read(cached, readFileSync(join(folder, name), 'utf8'), join(folder, name)))
    .filter(({ networkName }) => networkName === network)
    .map(({ containerId, ifName }) => ({ containerID: containerId, ifname: ifName }));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
