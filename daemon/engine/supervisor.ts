import { shimLost } from './containers/adopt/shim-lost.ts';
import { clientLost, expectStart, resumeKills } from './containers/supervise/client-lost.ts';
import { checkCni } from './containers/supervise/cni-check.ts';
import { CniDisconnecting } from './containers/supervise/cni-disconnecting.ts';
import { endUnhealthy } from './containers/supervise/health-action.ts';
import { watchHealth } from './containers/supervise/health-monitor.ts';
import { watchOrphan } from './containers/supervise/orphan.ts';
import { restartByPolicy, restartLeft } from './containers/supervise/restart.ts';
import { limitTime } from './containers/supervise/time-limit.ts';
import type { EngineContext } from './context.ts';

/** Completes the context: binds every event of a container's life to the policies that answer it. */
export function withSupervision(parts: Omit<EngineContext, 'supervision'>): EngineContext {
  const context: EngineContext = {
    ...parts,
    supervision: {
      running: (container, { signal, ageMs, adopted }) => {
        limitTime(context, container, { signal, ageMs });
        watchHealth(context, container, { signal, adopted });
        if (adopted) checkCni(context, container, signal);
      },
      orphaned: (container, { signal, ageMs }) => {
        watchOrphan(context, container, signal);
        limitTime(context, container, { signal, ageMs });
      },
      over: (container, exit) => restartByPolicy(context, container, exit),
      shimLost: (container) => shimLost(context, container),
      clientLost: (container, process) => clientLost(context, container, process),
      unhealthy: (container, action) => endUnhealthy(context, container, action),
      notDisconnected: (id) => disconnecting.again(id),
      adopted: (container) => resumeKills(context, container),
      left: (container, how) => {
        restartLeft(context, container, how);
        expectStart(context, container);
      },
    },
  };
  const disconnecting = new CniDisconnecting(context);
  return context;
}
