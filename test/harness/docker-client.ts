import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { after } from 'node:test';
import { busyboxFolder, imageArchive } from './image.ts';
import { ok } from './likerctl.ts';
import type { Outcome } from './outcome.ts';
import { type Suite, type SuiteOptions, suite } from './suite.ts';
import { within } from './until.ts';

/** The image that every daemon of these tests has: busybox. */
export const boxImage = 'box:1';

export interface DockerAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface DockerSuite extends Suite {
  /** Path of the socket of Docker's API. */
  readonly dockerSocket: string;
  /** Runs Docker's own command. `input` is its stdin. */
  docker(args: readonly string[], input?: string): Promise<Outcome>;
  /** As `docker`, which must succeed: its output without the last newline. */
  dockerOk(args: readonly string[], input?: string): Promise<string>;
  /** A connection to the API. */
  connect(): Socket;
  /** Sends a request, or several pieces of one, and answers all that comes until the connection is closed. */
  raw(...pieces: readonly string[]): Promise<string>;
  /** A request with its answer as JSON. */
  call(method: string, path: string, body?: unknown): Promise<DockerAnswer>;
}

/** A likerd that serves Docker's API, with an image. */
export function dockerSuite(options: SuiteOptions = {}): DockerSuite {
  const home = mkdtempSync(join(tmpdir(), 'lk-docker-'));
  const dockerSocket = join(home, 'docker.sock');
  const s = suite({
    ...options,
    args: ['--docker-socket', dockerSocket, ...(options.args ?? [])],
    async onStart(daemon) {
      await ok(daemon, ['load', '-i', boxArchive(home)]);
    },
  });
  after(() => rmSync(home, { recursive: true }));

  const docker = async (args: readonly string[], input = ''): Promise<Outcome> => {
    const child = spawn('docker', ['-H', `unix://${dockerSocket}`, ...args], {
      env: { ...process.env, DOCKER_CONFIG: home },
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? -1));
    });
    const all = Promise.all([ended, buffer(child.stdout), text(child.stderr)]);
    const [code, bytes, stderr] = await within(`docker ${args.join(' ')}`, all).finally(() =>
      child.kill('SIGKILL'),
    );
    return { code, stdout: bytes.toString(), stderr, bytes };
  };
  const more = {
    dockerSocket,
    docker,
    async dockerOk(args: readonly string[], input?: string): Promise<string> {
      const { code, stdout, stderr } = await docker(args, input);
      if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
      return stdout.replace(/\n$/, '');
    },
    connect: () => open(dockerSocket),
    raw: (...pieces: readonly string[]) => raw(dockerSocket, pieces),
    call: (method: string, path: string, body?: unknown) => callDocker(dockerSocket, method, path, body),
  };
  return Object.defineProperties(s as DockerSuite, Object.getOwnPropertyDescriptors(more));
}

/** The image of these tests as an archive in `folder`, by its path. */
export function boxArchive(folder: string): string {
  const layers = [busyboxFolder(join(folder, 'box'))];
  const config = { Env: ['PATH=/bin', 'OF=image'], Cmd: ['sh'], Labels: { of: 'image' } };
  return imageArchive(folder, { name: boxImage, config, layers });
}

function open(path: string): Socket {
  return connect({ path, allowHalfOpen: true });
}

async function raw(path: string, pieces: readonly string[]): Promise<string> {
  const socket = open(path);
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
  const answer = await within(`the answer to ${pieces[0]}`, buffer(socket));
  socket.end();
  return answer.toString('latin1');
}

/** A request to the API at a socket, with its answer as JSON. */
export async function callDocker(
  socket: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<DockerAnswer> {
  const sent = body === undefined ? '' : JSON.stringify(body);
  const answer = await raw(socket, [
    `${method} ${path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(sent)}\r\n\r\n${sent}`,
  ]);
  return parseAnswer(answer);
}

/** Of an answer that ends with its connection. */
export function parseAnswer(answer: string): DockerAnswer {
  const end = answer.indexOf('\r\n\r\n');
  const [first = '', ...lines] = answer.slice(0, end).split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2) as [string, string]));
  const rest = answer.slice(end + 4);
  const content = headers.get('transfer-encoding') === 'chunked' ? unchunked(rest) : rest;
  const isJson = headers.get('content-type') === 'application/json';
  return {
    status: Number(first.split(' ')[1]),
    headers,
    body: isJson && content !== '' ? JSON.parse(content) : content,
  };
}

function unchunked(text: string): string {
  let rest = text;
  let whole = '';
  for (;;) {
    const [, size = '0'] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? [];
    const length = Number.parseInt(size, 16);
    if (length === 0) return whole;
    whole += rest.slice(size.length + 2, size.length + 2 + length);
    rest = rest.slice(size.length + 4 + length);
  }
}
