import { notHeld, type Step } from '../../../kernel/plan/steps.ts';
import type { IdMaps, IdRun } from '../../../kernel/users/id-maps.ts';

export interface ContainerNames {
  /** Names of the containers whose namespaces are shared, by the pid of their main process. */
  readonly containers: ReadonlyMap<number, string>;
}

/** What the steps hold for later ones, in the order of its numbers. */
export function heldBy(steps: readonly Step[], { containers }: ContainerNames): string[] {
  const own = steps.find((step) => step.step === 'enter-user')?.namespace;
  const names: string[] = [];
  for (const step of steps) {
    if (step.step === 'id-map' || step.step === 'join-user')
      names.push(
        names.length === own
          ? ownUserNamespace
          : step.step === 'id-map'
            ? mapWords(step)
            : processName(step.pid, { containers }),
      );
    const tree = treeName(step, { containers });
    if (tree !== null) names.push(tree);
  }
  return names;
}

/** The tree that a step holds; null: it holds none. */
function treeName(step: Step, facts: ContainerNames): string | null {
  switch (step.step) {
    case 'take':
      return `${step.source} of the host`;
    case 'take-below':
      return `${step.path} in ${step.source} of the host`;
    case 'take-overlay':
      return 'the overlay';
    case 'take-devices':
      return 'the tmpfs with devices';
    case 'take-mount':
      return step.type;
    case 'take-of':
      return `${step.path} of ${processName(step.pid, facts)}`;
    case 'take-proc-of':
      return `proc of ${processName(step.pid, facts)}`;
    default:
      return null;
  }
}

const ownUserNamespace = 'its user namespace';

export function mapWords({ uids, gids }: IdMaps): string {
  const [ofUsers, ofGroups] = [uids, gids].map((runs) => runs.map(runWords).join(', '));
  return ofUsers === ofGroups
    ? `ids ${ofUsers} outside`
    : `uids ${ofUsers} outside; gids ${ofGroups} outside`;
}

function runWords({ inside, outside, count }: IdRun): string {
  return count === 1
    ? `${inside} is ${outside}`
    : `${inside}-${inside + count - 1} are ${outside}-${outside + count - 1}`;
}

export function processName(pid: number, { containers }: ContainerNames): string {
  const name = containers.get(pid);
  return name === undefined ? `process ${pid}` : `container ${name} (pid ${pid})`;
}

/** How the owners of files are mapped, as an option of a mount. */
export function idmapWords(map: number, held: readonly string[]): string[] {
  if (map === notHeld) return [];
  return [held[map] === ownUserNamespace ? 'idmapped' : `idmapped: ${held[map]}`];
}
