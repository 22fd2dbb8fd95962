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
    'new device nodes (mknod): only root may make them',
    "limits of processes above likerd's own, and a lower oom_score_adj: only root may set them",
    'a higher priority of likerd: only root may set it, so a loaded machine slows it down more',
    'ports below net.ipv4.ip_unprivileged_port_start, with -p and --network host: only root may open them',
    'mounts that containers share with the host (rshared): likerd has a mount namespace of its own',
    'a range of ids for each container (--userns auto), and idmapped mounts: only root may idmap; keep-id and maps remain',
    `files of other users than ${user} and his subordinate ids: they show as nobody's`,
  ];
}
