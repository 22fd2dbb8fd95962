import { type DebianTar, debianTar } from './bare-root.ts';

/** Debian with a compiler, an interpreter, a database and a web server. */
export function programsRoot(): Promise<DebianTar> {
  return debianTar('programs', ['gcc', 'libc6-dev', 'nginx-light', 'postgresql', 'python3']);
}
