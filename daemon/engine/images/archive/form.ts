import { readdir } from 'node:fs/promises';

/** What an archive is: images in one of two forms, an App Container image, the root of a file system, or nothing known. */
export type Form = 'oci' | 'docker' | 'old docker' | 'aci' | 'root' | 'other';

/** Each of these makes a folder the root of a system. No archive of images has them. */
const ofRoots = ['bin', 'etc', 'init', 'lib', 'lib64', 'sbin', 'usr'];

/** The form of an unpacked archive, which the names at its top tell. */
export async function formOf(folder: string): Promise<Form> {
  const names = new Set(await readdir(folder));
  if (ofRoots.some((name) => names.has(name))) return 'root';
  if (names.has('index.json')) return 'oci';
  if (names.has('manifest.json')) return 'docker';
  if (names.has('manifest') && names.has('rootfs') && names.size === 2) return 'aci';
  return names.has('repositories') ? 'old docker' : 'other';
}
