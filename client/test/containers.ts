import { serviceError } from './fake-server.ts';

export const id = 'ab'.repeat(32);
const nowSeconds = Math.floor(Date.now() / 1000);

/** A container that runs. */
export const web = {
  id,
  spec: {
    name: 'web',
    rootfs: { directory: '/srv/root', mode: 'MODE_OVERLAY' },
    process: { args: ['bash', '-c', 'sleep 1000000'], env: ['A=b'], user: 'app', tty: true },
    labels: { tier: 'front' },
    mounts: [{ type: 'TYPE_BIND', source: '/a', target: '/b', readOnly: true }],
    resources: { memory: { maxBytes: 1048576 }, pids: { max: 10 } },
  },
  state: 'CONTAINER_STATE_RUNNING',
  pid: 42,
  createdAt: { seconds: nowSeconds - 7200 },
  startedAt: { seconds: nowSeconds - 300 },
};

/** A container named old that has ended. */
export const ended = {
  ...web,
  id: 'cd'.repeat(32),
  spec: { ...web.spec, name: 'old' },
  state: 'CONTAINER_STATE_EXITED',
  pid: 0,
  exit: { code: 3, exitedAt: { seconds: nowSeconds - 180, nanos: 5 }, oomKilled: true },
};

function notFound(name: string): Error {
  return serviceError('NOT_FOUND', `Cannot find container '${name}'`, { reason: 'CONTAINER_NOT_FOUND' });
}

/** Answers GetContainer for both, and that there are no others. */
export function byName({ container }: { container: string }): { container: object } {
  if (container === 'web') return { container: web };
  if (container === 'old') return { container: ended };
  throw notFound(container);
}
