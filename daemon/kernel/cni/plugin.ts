import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LikerError } from '../../../common/errors.ts';

export type CniCommand = 'ADD' | 'CHECK' | 'DEL' | 'GC' | 'STATUS' | 'VERSION';

/** A call of a plugin. */
export interface PluginCall {
  readonly command: CniCommand;
  /** Name of its program. */
  readonly type: string;
  /** Folders of programs. */
  readonly path: readonly string[];
  /** CNI_… */
  readonly environment: Readonly<Record<string, string>>;
  /** Its input. */
  readonly config: object;
  /** What was tried, for errors. */
  readonly cannot: string;
  readonly signal: AbortSignal;
  /** If it takes longer, it is killed. */
  readonly limitMs?: number;
}

const usualLimitMs = 60_000;
/** What another process that a plugin has left may still write after its end. */
const restMs = 1_000;
const mostOutput = 1 << 20;

/** Runs a plugin; what it says. Throws NETWORK_UNAVAILABLE or TIMED_OUT, with the plugin, the command and the plugin's words. */
export async function runPlugin(call: PluginCall): Promise<unknown> {
  const program = findPlugin(call);
  call.signal.throwIfAborted();
  const child = spawn(program, [], {
    cwd: '/',
    // A group of its own, so that nothing of it is left when it is killed.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] || '/usr/sbin:/usr/bin:/sbin:/bin',
      ...call.environment,
      CNI_COMMAND: call.command,
      CNI_PATH: call.path.join(':'),
    },
  });
  const ended = await outcome(child, call);
  if (ended.code === 0) return parsed(call, ended.output);
  throw failed(call, ended);
}

function findPlugin(call: PluginCall): string {
  for (const folder of call.path) {
    const program = join(folder, call.type);
    try {
      accessSync(program, constants.X_OK);
      if (statSync(program).isFile()) return program;
    } catch {
      // Another folder may have it.
    }
  }
  throw refused(
    call,
    `it is in none of ${call.path.join(', ')}; install it (Debian: containernetworking-plugins), or name its folder with likerd --cni-plugins`,
  );
}

interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly errors: string;
}

async function outcome(child: ChildProcess, call: PluginCall): Promise<Outcome> {
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  const kill = (): void => {
    if (child.pid !== undefined) killGroup(child.pid);
  };
  // One that does not read is no error: it may not need its configuration.
  child.stdin?.on('error', () => {}).end(JSON.stringify(call.config));
  const limit = AbortSignal.timeout(call.limitMs ?? usualLimitMs);
  const stop = AbortSignal.any([limit, call.signal]);
  stop.addEventListener('abort', kill, { once: true });
  try {
    const closed = new Promise((resolve) => child.once('close', resolve));
    const { code, signal } = await new Promise<Pick<Outcome, 'code' | 'signal'>>((resolve, reject) => {
      child.once('error', (error) => reject(refused(call, `it cannot be started: ${error.message}`)));
      child.once('exit', (status, by) => resolve({ code: status, signal: by }));
    });
    await Promise.race([closed, sleep(restMs, undefined, { ref: false })]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    call.signal.throwIfAborted();
    if (limit.aborted) throw hangs(call);
    return { code, signal, output: output(), errors: errors() };
  } finally {
    stop.removeEventListener('abort', kill);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function collect(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (length < mostOutput) chunks.push(chunk);
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8').slice(0, mostOutput);
}

/** Commands without a result say nothing. */
function parsed(call: PluginCall, output: string): unknown {
  if (output.trim() === '') return null;
  try {
    return JSON.parse(output);
  } catch {
    throw refused(call, `what it says is no JSON: ${excerpt(output)}`);
  }
}

function failed(call: PluginCall, { code, signal, output, errors }: Outcome): LikerError {
  const said = saidBy(output);
  if (said) return refused(call, said.text, { code: said.code });
  const words = excerpt(output || errors);
  const how = signal === null ? `it ended with status ${code}` : `it was killed by ${signal}`;
  return refused(call, words === '' ? how : `${how}: ${words}`);
}

/** An error as the specification has it: `{code, msg, details}`. */
function saidBy(output: string): { readonly code: string; readonly text: string } | null {
  try {
    const { code, msg, details } = JSON.parse(output);
    if (typeof msg !== 'string') return null;
    const more = typeof details === 'string' && details !== '' ? `: ${details}` : '';
    return { code: String(code), text: `${msg}${more} (code ${code})` };
  } catch {
    return null;
  }
}

function excerpt(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

function refused(
  { cannot, type, command }: PluginCall,
  why: string,
  metadata: Readonly<Record<string, string>> = {},
): LikerError {
  const what = command === 'STATUS' ? 'is not available' : `failed in ${command}`;
  return new LikerError('NETWORK_UNAVAILABLE', `${cannot}: plugin '${type}' ${what}: ${why}`, {
    metadata: { plugin: type, command, ...metadata },
  });
}

function hangs({ cannot, type, command, limitMs = usualLimitMs }: PluginCall): LikerError {
  return new LikerError(
    'TIMED_OUT',
    `${cannot}: plugin '${type}' did not end ${command} within ${limitMs / 1000} s, and was killed`,
    { metadata: { plugin: type, command } },
  );
}
