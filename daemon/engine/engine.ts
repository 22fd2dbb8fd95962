import { asError } from '../../common/errors.ts';
import { adoptAll, type LeftBehind } from './containers/adopt/adopt.ts';
import { collectCniGarbage } from './containers/adopt/cni-garbage.ts';
import { leave } from './containers/adopt/leave.ts';
import { containerService } from './containers/service.ts';
import { sessionService } from './containers/session-service.ts';
import { DenialEvents } from './containers/supervise/denials.ts';
import { finishBegun } from './containers/verbs/finish-begun.ts';
import { finishConnecting } from './containers/verbs/finish-connecting.ts';
import { finishMounting } from './containers/verbs/finish-mounting.ts';
import { stopAll } from './containers/verbs/stop-all.ts';
import type { EngineContext } from './context.ts';
import { fileService } from './files/service.ts';
import { adoptImages } from './images/adopt/adopt.ts';
import { imageService } from './images/service.ts';
import { eventService } from './journal/events.ts';
import { leaseService } from './leases/service.ts';
import { endLeft, watchLeft } from './leases/watch.ts';
import { logService } from './logs/read.ts';
import { restoreNetworks } from './networks/host/restore.ts';
import { takeDownIdle } from './networks/host/take-down.ts';
import { networkService } from './networks/service.ts';
import { secretService } from './secrets/service.ts';
import { statsService } from './stats/stats.ts';
import { withSupervision } from './supervisor.ts';
import { systemService } from './system/service.ts';
import { volumeService } from './volumes/service.ts';

export function makeEngine(parts: Omit<EngineContext, 'supervision'>) {
  const context = withSupervision(parts);
  return {
    containers: containerService(context),
    sessions: sessionService(context),
    logs: logService(context),
    events: eventService(context.journal),
    files: fileService(context),
    images: imageService(context.images),
    stats: statsService(context),
    secrets: secretService(context),
    system: systemService(context),
    volumes: volumeService(context),
    networks: networkService(context),
    leases: leaseService(context),
    registries: context.images.registries,
    /** Takes over what an earlier daemon has left, and finishes what it had begun. Call it once, before anything else. */
    async adopt(left: LeftBehind) {
      context.leases.adopt(left);
      endLeft(context, left);
      context.volumes.adopt();
      context.networks.adopt();
      await adoptImages(context.images, context);
      await adoptAll(context, left);
      void collectCniGarbage(context).catch((error: unknown) =>
        context.log.warn('plugins of CNI are not asked what is left over', { error: asError(error).message }),
      );
      const denials = new DenialEvents(context);
      context.network.resolver?.onDenied((denial) => denials.take(denial));
      await restoreNetworks(context);
      for (const container of context.registry.all()) {
        finishConnecting(context, container);
        finishMounting(context, container);
        finishBegun(context, container);
      }
      watchLeft(context);
    },
    stopAll: () => stopAll(context),
    /** Leaves the containers to the next daemon. */
    leave: () => leave(context),
    /** Takes away what nobody needs until the next daemon. Call it after `leave`. */
    close: () => takeDownIdle(context),
  };
}
