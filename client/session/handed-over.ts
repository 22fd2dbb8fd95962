import { closeSync, fstatSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { encodeFrame, frameTypes } from '../../common/ttrpc/frames.ts';
import { encodeFields, WireMessage } from '../../common/wire.ts';
import type { BegunCall } from '../connection/wire.ts';

/** A session that likerctl in C (native/src/likerctl) has begun, and leaves here: native/src/likerctl/handed_over.h. */
export interface HandedOver {
  readonly requestId: string;
  readonly call: BegunCall;
  /** The settings of the terminal from before raw mode, a struct termios; null if it is not in raw mode. */
  readonly cooked: Uint8Array | null;
  /** Tells the process that would restore the terminal if this one could not. */
  tookTerminal(): void;
  /** How many signals so far asked likerctl to end. */
  readonly interrupts: number;
}

const numbers = {
  requestId: 1,
  call: 2,
  rest: 4,
  ready: 6,
  stdoutOffset: 7,
  stderrOffset: 8,
  cooked: 20,
  interrupts: 21,
  guard: 26,
};

/** The session that this process has begun as another program; null if there is none. */
export function takeHandedOver(env: NodeJS.ProcessEnv = process.env): HandedOver | null {
  const given = env['LIKER_HANDED_OVER'];
  delete env['LIKER_HANDED_OVER'];
  if (given === undefined) return null;
  forgetPreload(env);
  const state = new WireMessage(contents(Number(given)));
  return {
    requestId: state.text(numbers.requestId),
    call: begunCall(state),
    cooked: state.bytes(numbers.cooked).at(-1) ?? null,
    tookTerminal() {
      const guard = state.number(numbers.guard) - 1;
      if (guard === -1) return;
      writeSync(guard, '.');
      closeSync(guard);
    },
    interrupts: state.number(numbers.interrupts),
  };
}

/** Takes liker-tty.node off the list, which programs that this one starts would have, too. */
function forgetPreload(env: NodeJS.ProcessEnv): void {
  const { LD_PRELOAD: list = '' } = env;
  if (!/^[^:]*\/liker-tty\.node(:|$)/.test(list)) return;
  const others = list.slice(list.indexOf(':') + 1);
  if (list.includes(':')) env['LD_PRELOAD'] = others;
  else delete env['LD_PRELOAD'];
}

/** What has been read from the connection comes first. */
function begunCall(state: WireMessage): BegunCall {
  const socket = new Socket({ fd: state.number(numbers.call) - 1 });
  socket.unshift(Buffer.concat([...readyAgain(state), ...state.bytes(numbers.rest)]));
  return socket;
}

function contents(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  readSync(fd, bytes, 0, bytes.length, 0);
  closeSync(fd);
  return bytes;
}

/** The frame with Ready once more, as if the session began where the output that was shown ends. */
function readyAgain(state: WireMessage): Buffer[] {
  const [ready] = state.bytes(numbers.ready);
  if (ready === undefined) return [];
  const offsets = encodeFields(
    [5, state.number(numbers.stdoutOffset)],
    [6, state.number(numbers.stderrOffset)],
  );
  const output = encodeFields([1, Buffer.concat([ready, offsets])]);
  return [encodeFrame(1, frameTypes.data, 0, encodeFields([1, output]))];
}
