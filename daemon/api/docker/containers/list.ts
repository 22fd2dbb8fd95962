import { humanDuration } from '../../../../common/units.ts';
import type { ContainerView } from '../../../engine/containers/api.ts';
import { commandOf, rootName } from '../../../engine/containers/model/spec.ts';
import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { type Call, flagOf, numberOf } from '../http/call.ts';
import { filtersOf } from '../http/filters.ts';
import { healthWords, imageId, stateWord } from './inspect.ts';
import { mountRecord } from './mount-record.ts';
import { networkMode, networksOf } from './network-settings.ts';
import { portLines } from './ports.ts';

/** More containers than there are on a machine. */
export const noLimit = 1_000_000;

export async function listContainers({ engine }: Door, call: Call): Promise<Answer> {
  const limit = numberOf(call, 'limit') ?? 0;
  const { containers } = await engine.containers.list({
    // As in Docker, the newest few are those of all.
    all: flagOf(call, 'all') || limit > 0,
    limit: limit > 0 ? limit : noLimit,
    filters: filtersOf(call),
    withSize: flagOf(call, 'size'),
    after: '',
  });
  const now = Date.now();
  return json(containers.map((view) => listRecord(view, now)));
}

export function listRecord(view: ContainerView, now: number): object {
  const { id, spec, phase, health, sizes } = view;
  return {
    Id: id,
    Names: [`/${spec.name}`],
    Image: rootName(spec.rootfs),
    ImageID: imageId(view),
    Command: commandOf(spec).join(' '),
    Created: Math.floor(view.createdAt / 1000),
    Ports: portLines(view),
    ...(sizes && { SizeRw: sizes.layerBytes, SizeRootFs: sizes.layerBytes }),
    Labels: spec.labels,
    State: stateWord(phase),
    Status: statusText(view, now),
    HostConfig: { NetworkMode: networkMode(view) },
    ...(health && { Health: healthWords(health) }),
    NetworkSettings: { Networks: networksOf(view) },
    Mounts: spec.mounts.map((mount) => mountRecord(mount, view.volumePaths)),
  };
}

/** Such as "Up 5 minutes (healthy)". */
function statusText({ phase, health }: ContainerView, now: number): string {
  switch (phase.state) {
    case 'created':
      return 'Created';
    case 'exited':
    case 'restarting': {
      const word = phase.state === 'exited' ? 'Exited' : 'Restarting';
      return `${word} (${phase.exit.code}) ${humanDuration(now - phase.exit.exitedAt)} ago`;
    }
    default: {
      const up = `Up ${humanDuration(now - phase.startedAt)}`;
      if (phase.state === 'paused') return `${up} (Paused)`;
      if (health === null) return up;
      return health.status === 'starting' ? `${up} (health: starting)` : `${up} (${health.status})`;
    }
  }
}
