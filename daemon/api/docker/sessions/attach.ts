import type { ContainerView } from '../../../engine/containers/api.ts';
import type { Door } from '../door.ts';
import type { Call } from '../http/call.ts';
import { flagOf, nameOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';
import type { TakeoverCall } from '../http/takeover-call.ts';
import { type Line, Stream, type StreamOptions } from './stream.ts';
import { acceptWebSocket } from './websocket.ts';

/** Attaches a client to the main process, of a container that runs or is still to be started. */
export async function attach(door: Door, call: TakeoverCall): Promise<void> {
  await attachTo(door, call, await attachable(door, call), streamsOf(call));
}

/** The same by a WebSocket. */
export async function attachByWebSocket(door: Door, call: TakeoverCall): Promise<void> {
  const view = await attachable(door, call);
  const socket = acceptWebSocket(call);
  if (socket === null) return;
  const streams = call.version < choosesStreams ? all : streamsOf(call);
  await attachTo(door, { ...call, socket }, view, { ...streams, webSocket: true });
}

async function attachable({ engine }: Door, call: TakeoverCall): Promise<ContainerView> {
  const view = await engine.containers.get(nameOf(call), { withSize: false });
  const { id, phase } = view;
  if (phase.state === 'paused')
    throw new HttpError(409, `container ${id} is paused, unpause the container before attach`);
  if (phase.state === 'restarting')
    throw new HttpError(409, `container ${id} is restarting, wait until the container is running`);
  return view;
}

async function attachTo(
  { engine, attaches }: Door,
  call: Omit<TakeoverCall, 'socket'> & Line,
  { id, spec, phase }: ContainerView,
  streams: Pick<StreamOptions, 'stdin' | 'stdout' | 'stderr' | 'webSocket'>,
): Promise<void> {
  const { tty, openStdin } = spec.process;
  const isStreamed = flagOf(call, 'stream');
  const replay = flagOf(call, 'logs');
  const stream = new Stream(call, {
    ...{ tty, ...streams, stdin: streams.stdin && openStdin },
    detachKeys: call.query.get('detachKeys') ?? '',
  });
  if (!isStreamed) {
    stream.open();
    if (replay) for await (const entry of pastOutput(engine, id, call)) stream.send(entry, () => {});
    return stream.end();
  }
  if (phase.state === 'created' || phase.state === 'exited') {
    stream.open();
    attaches.wait(id, stream);
    // Its end is seen only if it is read; stdin is left where it is until somebody can take it.
    if (!streams.stdin) call.socket.resume();
    return;
  }
  const options = { processId: 'main', readOnly: false, resume: null, terminalSize: null, start: false };
  // Some clients lose what comes together with the head.
  if (phase.state === 'running') stream.open();
  attaches.attached(id, stream);
  stream.begin(await engine.sessions.attach(id, { ...options, replay, requestId: '' }, stream));
}

async function* pastOutput({ logs }: Door['engine'], id: string, { signal }: Pick<TakeoverCall, 'signal'>) {
  const wanted = { after: null, follow: false, tail: null, sinceNs: null, untilNs: null };
  for await (const page of logs.read(id, wanted, signal))
    for (const { stream, data } of page)
      if (data.length > 0) yield { kind: stream === 'stderr' ? stream : 'stdout', offset: 0, data } as const;
}

/** From this version on, a WebSocket has the streams that it asks for; before, all. */
const choosesStreams = 42;
const all = { stdin: true, stdout: true, stderr: true } as const;

function streamsOf(call: Pick<Call, 'query'>) {
  const [stdin, stdout, stderr] = [flagOf(call, 'stdin'), flagOf(call, 'stdout'), flagOf(call, 'stderr')];
  return { stdin, stdout, stderr };
}
