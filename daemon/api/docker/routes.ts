import { getArchive, putArchive, statArchive } from './containers/archive.ts';
import { createContainer } from './containers/create.ts';
import { commitContainer, containerChanges, exportContainer } from './containers/files.ts';
import { inspectContainer } from './containers/inspect.ts';
import { listContainers } from './containers/list.ts';
import { containerLogs } from './containers/logs.ts';
import {
  killContainer,
  pauseContainer,
  removeContainer,
  renameContainer,
  resizeContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
} from './containers/run-state.ts';
import { containerStats } from './containers/stats.ts';
import { topContainer } from './containers/top.ts';
import { pruneContainers, updateContainer } from './containers/update.ts';
import { waitContainer } from './containers/wait.ts';
import type { Door } from './door.ts';
import type { Answer } from './http/answer.ts';
import type { Call } from './http/call.ts';
import { HttpError } from './http/errors.ts';
import type { Route } from './http/router.ts';
import type { TakeoverCall } from './http/takeover-call.ts';
import { loadImages, saveImage, saveImages } from './images/archive.ts';
import { imageHistory, pruneImages, removeImage, tagImage } from './images/change.ts';
import { distribution } from './images/distribution.ts';
import { inspectImage } from './images/inspect.ts';
import { listImages } from './images/list.ts';
import { createImage } from './images/pull.ts';
import { pushImage } from './images/push.ts';
import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  inspectNetwork,
  listNetworks,
  pruneNetworks,
  removeNetwork,
} from './networks/networks.ts';
import { attach, attachByWebSocket } from './sessions/attach.ts';
import { createExec, inspectExec, resizeExec, startExec } from './sessions/exec.ts';
import { auth } from './system/auth.ts';
import { diskUsage } from './system/disk-usage.ts';
import { events } from './system/events.ts';
import { info } from './system/info.ts';
import { noPlugins, noSuchPlugin, noSwarm, notServed, pruneBuilds } from './system/refused.ts';
import { ping, version } from './system/version.ts';
import { createVolume, inspectVolume, listVolumes, pruneVolumes, removeVolume } from './volumes/volumes.ts';

/** All that is answered, the first that fits. */
export const routes: readonly Route<(door: Door, call: Call) => Promise<Answer>>[] = [
  ['HEAD', '/_ping', ping],
  ['GET', '/_ping', ping],
  ['GET', '/version', version],
  ['GET', '/info', info],
  ['GET', '/events', events],
  ['GET', '/system/df', diskUsage],
  ['POST', '/auth', auth],
  ['GET', '/containers/json', listContainers],
  ['POST', '/containers/create', createContainer],
  ['POST', '/containers/prune', pruneContainers],
  ['GET', '/containers/{name}/json', inspectContainer],
  ['GET', '/containers/{name}/logs', containerLogs],
  ['POST', '/containers/{name}/start', startContainer],
  ['POST', '/containers/{name}/stop', stopContainer],
  ['POST', '/containers/{name}/restart', restartContainer],
  ['POST', '/containers/{name}/kill', killContainer],
  ['POST', '/containers/{name}/pause', pauseContainer],
  ['POST', '/containers/{name}/unpause', unpauseContainer],
  ['POST', '/containers/{name}/rename', renameContainer],
  ['POST', '/containers/{name}/wait', waitContainer],
  ['POST', '/containers/{name}/resize', resizeContainer],
  ['GET', '/containers/{name}/stats', containerStats],
  ['GET', '/containers/{name}/top', topContainer],
  ['GET', '/containers/{name}/changes', containerChanges],
  ['GET', '/containers/{name}/export', exportContainer],
  ['HEAD', '/containers/{name}/archive', statArchive],
  ['GET', '/containers/{name}/archive', getArchive],
  ['PUT', '/containers/{name}/archive', putArchive],
  ['POST', '/containers/{name}/update', updateContainer],
  ['DELETE', '/containers/{name}', removeContainer],
  ['POST', '/commit', commitContainer],
  ['POST', '/containers/{name}/exec', createExec],
  ['POST', '/exec/{name}/resize', resizeExec],
  ['GET', '/exec/{name}/json', inspectExec],
  ['POST', '/images/create', createImage],
  ['GET', '/images/json', listImages],
  ['POST', '/images/prune', pruneImages],
  ['POST', '/images/load', loadImages],
  ['GET', '/images/search', notServed('Liker searches no registries: look for images on their sites')],
  ['GET', '/images/get', saveImages],
  ['GET', '/images/{name*}/get', saveImage],
  ['POST', '/images/{name*}/push', pushImage],
  ['GET', '/images/{name*}/json', inspectImage],
  ['GET', '/images/{name*}/history', imageHistory],
  ['POST', '/images/{name*}/tag', tagImage],
  ['DELETE', '/images/{name*}', removeImage],
  ['GET', '/distribution/{name*}/json', distribution],
  ['GET', '/networks', listNetworks],
  ['POST', '/networks/create', createNetwork],
  ['POST', '/networks/prune', pruneNetworks],
  ['GET', '/networks/{name}', inspectNetwork],
  ['POST', '/networks/{name}/connect', connectNetwork],
  ['POST', '/networks/{name}/disconnect', disconnectNetwork],
  ['DELETE', '/networks/{name}', removeNetwork],
  ['GET', '/volumes', listVolumes],
  ['POST', '/volumes/create', createVolume],
  ['POST', '/volumes/prune', pruneVolumes],
  ['GET', '/volumes/{name}', inspectVolume],
  ['DELETE', '/volumes/{name}', removeVolume],
  ['POST', '/build/prune', pruneBuilds],
  [
    '*',
    '/(build|session|grpc)(/.*)?',
    notServed('Liker builds no images from Dockerfiles: build elsewhere and load them'),
  ],
  ['GET', '/plugins', noPlugins],
  ['GET', '/plugins/{name*}/json', noSuchPlugin],
  ['*', '/plugins?(/.*)?', notServed('Liker has no plug-ins')],
  ['*', '/(swarm|services|nodes|tasks|secrets|configs)(/.*)?', noSwarm],
  ['POST', '/(containers|exec)/{name}/(attach|start)', outOfOrder],
  ['GET', '/containers/{name}/attach/ws', outOfOrder],
];

/** Those whose client has its connection for itself from the answer on. */
export const takeovers: readonly Route<(door: Door, call: TakeoverCall) => Promise<void>>[] = [
  ['POST', '/containers/{name}/attach', attach],
  ['GET', '/containers/{name}/attach/ws', attachByWebSocket],
  ['POST', '/exec/{name}/start', startExec],
];

/** Only the server of HTTP gets to see them so. */
async function outOfOrder(): Promise<never> {
  throw new HttpError(
    400,
    'This request takes over its connection: send it when the one before is answered, with a body of at most 1 MiB and its Content-Length',
  );
}
