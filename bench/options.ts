import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Fewer rounds, all in less than three minutes. */
  readonly quick: boolean;
  /** Names of the cases to run; empty for all. */
  readonly only: readonly string[];
  /** Profile a start: likerd's functions and the system calls of the shim. */
  readonly profile: boolean;
  /** Number of containers in the proof; 0 for none. */
  readonly proof: number;
  /** Installed peers to leave out. */
  readonly without: readonly string[];
  /** A built checkout to compare this one with, in place of the peers; empty: none. */
  readonly against: string;
  /** Measure nothing; write docs/performance.md, its further pages and their plots from the last runs of their cases. */
  readonly writeDocs: boolean;
}

export const usage = `npm run bench [-- OPTION…]
  --quick            fewer rounds, less than three minutes
  --only CASE[,…]    true, cpu, command, exec, library, prompt, echo, stats, output, limits, beside, burst, userns, images, layers, copies, networks, docker, fleet, daemon
  --without PEER[,…] leave out crun, runc, podman, ctr or docker
  --against DIR      beside another built checkout of Liker, case by case in turn, in place of the peers
  --write-docs       measure nothing: write docs/performance.md, its further pages (performance-images.md,
                     performance-networks.md, performance-docker.md) and their plots from the last runs of their cases
  --profile          beside the case "true": functions of likerd by CPU time, system calls of a start
  --proof N          run N containers that write 1 MiB and exit; every byte and exit code is checked`;

/** Null for --help. Throws an Error with a message for the user. */
export function parseOptions(args: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      without: { type: 'string', default: '' },
      against: { type: 'string', default: '' },
      profile: { type: 'boolean', default: false },
      proof: { type: 'string', default: '0' },
      'write-docs': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const proof = Number(values.proof);
  if (!Number.isInteger(proof) || proof < 0) throw new Error(`--proof '${values.proof}' is not a number`);
  return {
    quick: values.quick,
    only: values.only.split(',').filter(Boolean),
    without: values.without.split(',').filter(Boolean),
    against: values.against && resolve(values.against),
    profile: values.profile,
    proof,
    writeDocs: values['write-docs'],
  };
}
