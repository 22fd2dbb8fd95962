import { humanDuration } from '../../common/units.ts';
import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import type { Health } from '../../proto/gen/types/liker/v1/Health.ts';
import { toMs } from './timestamp.ts';

/** Docker's name of a state: running, exited, … */
export function stateWord({ state }: { readonly state: Container['state'] }): string {
  return state.replace('CONTAINER_STATE_', '').toLowerCase();
}

/** It has processes. */
export function isLive({ state }: { readonly state: Container['state'] }): boolean {
  return ['running', 'paused', 'orphaned'].includes(stateWord({ state }));
}

/** Docker's name of a health status: starting, healthy or unhealthy; none without a health check. */
export function healthWord(health: Health | null): string {
  return health === null ? 'none' : health.status.replace('HEALTH_STATUS_', '').toLowerCase();
}

function healthText({ health }: Container): string {
  if (health === null) return '';
  return health.status === 'HEALTH_STATUS_STARTING' ? ' (health: starting)' : ` (${healthWord(health)})`;
}

/** A status in Docker's words: "Up 5 minutes (Paused)", "Exited (0) 3 hours ago". */
export function statusText(container: Container, nowMs: number): string {
  const upMs = nowMs - (toMs(container.startedAt) ?? nowMs);
  const lost = container.clientLost ? ' (detached: client lost)' : '';
  switch (container.state) {
    case 'CONTAINER_STATE_RUNNING':
      return `Up ${humanDuration(upMs)}${healthText(container)}${lost}`;
    case 'CONTAINER_STATE_PAUSED':
      return `Up ${humanDuration(upMs)} (Paused)${lost}`;
    case 'CONTAINER_STATE_ORPHANED':
      return `Up ${humanDuration(upMs)} (Orphaned: no terminal, can be killed)`;
    case 'CONTAINER_STATE_RESTARTING':
      return exitedText(container, nowMs).replace('Exited', 'Restarting');
    case 'CONTAINER_STATE_EXITED':
      return exitedText(container, nowMs);
    default:
      return 'Created';
  }
}

function exitedText({ exit }: Container, nowMs: number): string {
  if (!exit) return 'Exited';
  const agoMs = nowMs - (toMs(exit.exitedAt) ?? nowMs);
  return `Exited (${exit.code}) ${humanDuration(agoMs)} ago`;
}
