import type { EngineContext } from '../context.ts';
import type { RootlessInfo } from './api.ts';

/** Null if likerd is root on the host. */
export function rootlessInfo(context: EngineContext): RootlessInfo | null {
  const { isRootOnHost, owner } = context.users;
  if (isRootOnHost) return null;
  return { user: owner.name, uid: owner.uid, losses: lossesOf(context, owner.name) };
}

/** What an ordinary user's likerd cannot do, and why: one line for each. */
function lossesOf({ cgroups, network }: EngineContext, user: string): string[] {
  const noPasta = network.pasta?.problem() ?? '';
  return [
    ...cgroups.losses,
    ...(noPasta === '' ? [] : [`networks have a loopback interface only: ${noPasta}`]),
    `rules for devices: only root may attach them; containers open what ${user} may open`,
    "limits of processes above likerd's own, and a lower oom_score_adj: only root may set them",
    'mounts that containers share with the host (rshared): likerd has a mount namespace of its own',
  ];
}
