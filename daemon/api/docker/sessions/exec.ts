import * as v from 'valibot';
import { asError } from '../../../../common/errors.ts';
import { check } from '../../../../common/schema.ts';
import { type ExecProcess, execSchema } from '../../../engine/process/spec.ts';
import type { SessionSink } from '../../../engine/sessions/frames.ts';
import type { Door } from '../door.ts';
import { type Answer, empty, json } from '../http/answer.ts';
import { answerAndEnd } from '../http/answer-and-end.ts';
import { bodyOf, type Call, flag, list, maybe, nameOf, parseBody, text } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';
import type { TakeoverCall } from '../http/takeover-call.ts';
import type { Exec } from './execs.ts';
import { sizeOf, sizeOfQuery } from './size.ts';
import { Stream } from './stream.ts';

const created = v.looseObject({
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  Tty: flag,
  DetachKeys: text,
  Cmd: list,
  Env: list,
  User: text,
  WorkingDir: text,
  Privileged: flag,
  ConsoleSize: maybe(v.array(v.number())),
});

export async function createExec({ engine, execs }: Door, call: Call): Promise<Answer> {
  const asked = await bodyOf(call, created);
  const id = await requireRunning(engine, nameOf(call));
  if (asked.Cmd.length === 0) throw new HttpError(400, 'No exec command specified');
  const process: ExecProcess = check(
    execSchema,
    {
      args: asked.Cmd,
      env: asked.Env.filter((variable) => variable.includes('=')),
      cwd: asked.WorkingDir || null,
      user: asked.User || null,
      tty: asked.Tty,
      openStdin: asked.AttachStdin,
      privileged: asked.Privileged,
      terminalSize: sizeOf(asked.ConsoleSize),
    },
    'exec',
  );
  const attached = { stdin: asked.AttachStdin, stdout: asked.AttachStdout, stderr: asked.AttachStderr };
  const exec = execs.create({ containerId: id, process, attached, detachKeys: asked.DetachKeys });
  return json({ Id: exec.id }, 201);
}

/** Answers the id. */
async function requireRunning(engine: Door['engine'], reference: string): Promise<string> {
  const { id, spec, phase } = await engine.containers.get(reference, { withSize: false });
  if (phase.state === 'running') return id;
  if (phase.state === 'paused')
    throw new HttpError(409, `Container ${spec.name} is paused, unpause the container before exec`);
  throw new HttpError(409, `container ${id} is not running`);
}

const started = v.looseObject({ Detach: flag, Tty: flag, ConsoleSize: maybe(v.array(v.number())) });

/** Starts an exec, whose client gets its connection. */
export async function startExec(door: Door, call: TakeoverCall): Promise<void> {
  const asked = parseBody(call.body, started);
  const exec = door.execs.find(nameOf(call));
  if (exec.isStarted) throw new HttpError(409, `exec ${exec.id} has already been started`);
  const { attached } = exec;
  exec.isStarted = true;
  exec.size ??= sizeOf(asked.ConsoleSize);
  try {
    if (asked.Detach || !(attached.stdin || attached.stdout || attached.stderr))
      await startDetached(door, exec, call);
    else await startAttached(door, exec, call, asked.Tty);
  } catch (error) {
    ended(exec, 126);
    throw error;
  }
}

async function startAttached(door: Door, exec: Exec, call: TakeoverCall, tty: boolean): Promise<void> {
  const stream = new Stream(call, { tty, ...exec.attached, detachKeys: exec.detachKeys });
  exec.stream = stream;
  stream.onExit = ({ code, startError }) => {
    ended(exec, code);
    if (startError !== '') stream.say(`${startError}\r\n`);
  };
  await requireRunning(door.engine, exec.containerId);
  // Some clients lose output that comes together with the head. What fails from here on is told as output, as in Docker.
  stream.open();
  try {
    stream.begin(await start(door, exec, stream));
    exec.pid = stream.pid;
  } catch (error) {
    ended(exec, 126);
    stream.say(`${asError(error).message}\r\n`);
    stream.end();
  }
}

/** Nobody has its output. */
async function startDetached(door: Door, exec: Exec, { socket }: TakeoverCall): Promise<void> {
  const sink: SessionSink = {
    send(frame, flushed) {
      if (frame.kind === 'ready') exec.pid = frame.pid;
      if (frame.kind === 'exit') ended(exec, frame.exit.code);
      flushed();
    },
    end() {},
  };
  await start(door, exec, sink);
  answerAndEnd(socket, 200);
}

/** As in Docker, it runs on when its client is gone. */
function start({ engine }: Door, { containerId, process, size }: Exec, sink: SessionSink) {
  const sized = { ...process, terminalSize: size ?? process.terminalSize };
  return engine.sessions.exec(containerId, sized, { onDisconnect: 'keep', requestId: '' }, sink);
}

function ended(exec: Exec, code: number): void {
  exec.exitCode = code;
  exec.touchedMs = performance.now();
}

export async function resizeExec({ execs }: Door, call: Call): Promise<Answer> {
  const exec = execs.find(nameOf(call));
  const size = sizeOfQuery(call);
  if (size !== null && exec.stream) exec.stream.resize(size);
  else exec.size = size;
  return empty(200);
}

export async function inspectExec({ execs }: Door, call: Call): Promise<Answer> {
  const exec = execs.find(nameOf(call));
  const { process, attached } = exec;
  const [entrypoint = '', ...args] = process.args;
  return json({
    ID: exec.id,
    Running: exec.isStarted && exec.exitCode === null,
    ExitCode: exec.exitCode,
    ProcessConfig: {
      ...{ tty: process.tty, entrypoint, arguments: args, privileged: process.privileged },
      ...(process.user !== null && { user: process.user }),
    },
    OpenStdin: attached.stdin,
    OpenStderr: attached.stderr,
    OpenStdout: attached.stdout,
    CanRemove: exec.exitCode !== null,
    ContainerID: exec.containerId,
    DetachKeys: exec.detachKeys,
    Pid: exec.pid,
  });
}
