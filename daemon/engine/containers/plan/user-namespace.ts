import type { Step } from '../../../kernel/plan/steps.ts';
import { type HeldMaps, innerRoot, type UserNamespace } from './id-maps.ts';
import type { OverlayLayers } from './overlay.ts';

interface Entered {
  readonly userNamespace: NonNullable<UserNamespace>;
  readonly held: HeldMaps;
  /** Where the root is mounted. */
  readonly mountPoint: string;
  readonly overlay: OverlayLayers;
}

/**
 * The same plan for a process in a user namespace: what needs the rights of the host's root, or names a file of the host that root
 * inside could not reach, comes first, before the namespace is entered. Mounts are cloned there, and put into place where the plan
 * had made them.
 */
export function inUserNamespace(steps: readonly Step[], entered: Entered): Step[] {
  const { userNamespace, held, mountPoint, overlay } = entered;
  const root = innerRoot(userNamespace.maps);
  const before: Step[] = [];
  const taken: Step[] = [];
  const inside: Step[] = [];
  const take = (step: Step): number => held.steps.length + taken.push(step) - 1;
  const devices = steps.filter((step) => step.step === 'device');
  const store = steps.filter((step) => step.step === 'file-store').map((step): Step => ({ ...step, at: '' }));
  for (const step of steps) {
    switch (step.step) {
      case 'join-cgroup':
      case 'oom-score':
      case 'join-namespace':
      case 'join-path':
        before.push(step);
        break;
      case 'id-map':
      case 'join-user':
        break;
      case 'take':
        take(step);
        break;
      case 'root-overlay': {
        const { lowers, layer, volatile } = overlay;
        const tree = take({ step: 'take-overlay', lowers, layer, volatile, map: held.container, ...root });
        // Below the root, where nobody sees it.
        inside.push(...store, { step: 'place-root', tree });
        break;
      }
      case 'bind': {
        const { target, optional, create: _, ...how } = step;
        inside.push({ step: 'place', tree: take({ ...how, step: 'take' }), target, optional });
        break;
      }
      case 'mount':
        if (step.target === '/dev') {
          const nodes = devices.map(({ target, step: _, ...node }) => ({
            name: target.slice('/dev/'.length),
            ...node,
          }));
          const size = step.options.find(([key]) => key === 'size')?.[1] ?? '';
          const tree = take({ step: 'take-devices', ...root, size, nodes });
          inside.push({ step: 'place', tree, target: step.target, optional: false });
        } else inside.push(step);
        break;
      case 'device':
      case 'file-store':
        break;
      case 'rlimit':
        before.push({ step: 'raise-limit', resource: step.resource, hard: step.hard });
        inside.push(step);
        break;
      default:
        inside.push(step);
    }
  }
  return [
    ...before,
    ...held.steps,
    ...taken,
    { step: 'stream-owner', ...root },
    { step: 'enter-user', namespace: held.container, at: mountPoint },
    ...inside,
  ];
}
