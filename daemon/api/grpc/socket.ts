import { chmodSync, chownSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { LikerError } from '../../../common/errors.ts';
import { makeFolder } from '../../../common/folders.ts';
import { socketFd } from '../../loop/socket-fd.ts';
import type { Peer } from '../wire/peer.ts';

/** Length of sun_path in sockaddr_un, without its NUL (unix(7)). */
const maxPathBytes = 107;

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const firstPassedFd = 3;

/** A listening socket. Holding it proves that no other daemon serves at its path. */
export type Listener = ReturnType<typeof hold>;

interface ClaimOptions {
  readonly path: string;
  readonly peerCredentials: (fd: number) => Peer;
  /** LISTEN_PID and LISTEN_FDS of systemd's protocol are read from it. */
  readonly env: NodeJS.ProcessEnv;
  /** Members of this group may connect, too, if it exists; null: likerd's user alone. */
  readonly group: string | null;
}

/**
 * Listens on a Unix socket, with mode 0660 for a group, else 0600. Replaces a stale file. Rejects with
 * ALREADY_RUNNING when a daemon answers at the path.
 */
export async function claimSocket({ path, peerCredentials, env, group }: ClaimOptions): Promise<Listener> {
  if (env['LISTEN_PID'] === String(process.pid) && Number(env['LISTEN_FDS']) >= 1)
    return hold(await listen({ fd: firstPassedFd }));
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new LikerError(
      'BAD_ARGUMENT',
      `Cannot listen at '${path}': the path of a socket has at most ${maxPathBytes} bytes; give a shorter one`,
    );
  }
  makeFolder(dirname(path), 0o711);
  const other = await answeringPid(path, peerCredentials);
  if (other !== null) {
    throw new LikerError(
      'ALREADY_RUNNING',
      `Cannot listen at '${path}': another likerd, pid ${other}, is serving there`,
      {
        metadata: { path, pid: String(other) },
      },
    );
  }
  removeStale(path);
  const server = await listenPrivately(path);
  if (group !== null) openTo(group, path);
  return hold(server);
}

/** Pid of the daemon that accepts connections at the path, or null. */
function answeringPid(path: string, peerCredentials: (fd: number) => Peer): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('error', () => resolve(null));
    probe.once('connect', () => {
      const { pid } = peerCredentials(socketFd(probe));
      probe.destroy();
      resolve(pid);
    });
  });
}

function removeStale(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new LikerError(
      'BAD_ARGUMENT',
      `Cannot listen at '${path}': a file that is not a socket is there; remove it, or give another --socket`,
    );
  }
  rmSync(path);
}

/** The mode must be right from the start, and bind(2) sets it by the umask alone. */
async function listenPrivately(path: string): Promise<Server> {
  const before = process.umask(0o177);
  let listening: Promise<Server>;
  try {
    listening = listen({ path });
  } finally {
    process.umask(before);
  }
  return listening;
}

function openTo(group: string, path: string): void {
  const gid = groupId(group);
  if (gid !== null) chownSync(path, 0, gid);
  chmodSync(path, 0o660);
}

/** Node binds before listen() returns, so the umask of the caller holds. */
function listen(where: { readonly path: string } | { readonly fd: number }): Promise<Server> {
  const server = createServer({ pauseOnConnect: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function groupId(name: string): number | null {
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const gid = line?.split(':')[2];
  return gid === undefined ? null : Number(gid);
}

function hold(server: Server) {
  let waiting: Socket[] = [];
  let take = (socket: Socket): void => {
    waiting.push(socket);
  };
  server.on('connection', (socket) => take(socket));
  return {
    /** Passes every connection to `taker`, paused; first those that came since the socket was claimed. */
    serve(taker: (socket: Socket) => void) {
      take = taker;
      for (const socket of waiting) taker(socket);
      waiting = [];
    },
    /** Stops listening and removes the socket's file. */
    close() {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}
