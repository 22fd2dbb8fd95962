import { createContainer } from './containers/create.ts';
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
import { waitContainer } from './containers/wait.ts';
import type { Door } from './door.ts';
import type { Answer } from './http/answer.ts';
import type { Call } from './http/call.ts';
import { HttpError } from './http/errors.ts';
import type { Route } from './http/router.ts';
import type { TakeoverCall } from './http/takeover-call.ts';
import { imageHistory, pruneImages, removeImage, tagImage } from './images/change.ts';
import { inspectImage } from './images/inspect.ts';
import { listImages } from './images/list.ts';
import { createImage } from './images/pull.ts';
import { attach } from './sessions/attach.ts';
import { createExec, inspectExec, resizeExec, startExec } from './sessions/exec.ts';
import { info } from './system/info.ts';
import { noSwarm, notServed } from './system/refused.ts';
import { ping, version } from './system/version.ts';

/** All that is answered, the first that fits. */
export const routes: readonly Route<(door: Door, call: Call) => Promise<Answer>>[] = [
  ['HEAD', '/_ping', ping],
  ['GET', '/_ping', ping],
  ['GET', '/version', version],
  ['GET', '/info', info],
  ['GET', '/containers/json', listContainers],
  ['POST', '/containers/create', createContainer],
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
  ['DELETE', '/containers/{name}', removeContainer],
  ['POST', '/containers/{name}/exec', createExec],
  ['POST', '/exec/{name}/resize', resizeExec],
  ['GET', '/exec/{name}/json', inspectExec],
  ['POST', '/images/create', createImage],
  ['GET', '/images/json', listImages],
  ['POST', '/images/prune', pruneImages],
  ['GET', '/images/{name*}/json', inspectImage],
  ['GET', '/images/{name*}/history', imageHistory],
  ['POST', '/images/{name*}/tag', tagImage],
  ['DELETE', '/images/{name*}', removeImage],
  [
    '*',
    '/(build|session|grpc)(/.*)?',
    notServed('Liker builds no images from Dockerfiles: build elsewhere and load them'),
  ],
  ['*', '/plugins?(/.*)?', notServed('Liker has no plug-ins')],
  ['*', '/(swarm|services|nodes|tasks|secrets|configs)(/.*)?', noSwarm],
  ['POST', '/(containers|exec)/{name}/(attach|start)', outOfOrder],
];

/** Those whose client has its connection for itself from the answer on. */
export const takeovers: readonly Route<(door: Door, call: TakeoverCall) => Promise<void>>[] = [
  ['POST', '/containers/{name}/attach', attach],
  ['POST', '/exec/{name}/start', startExec],
];

/** Only the server of HTTP gets to see them so. */
async function outOfOrder(): Promise<never> {
  throw new HttpError(
    400,
    'This request takes over its connection: send it when the one before is answered, with a body of at most 1 MiB and its Content-Length',
  );
}
