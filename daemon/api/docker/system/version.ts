import { arch, release } from 'node:os';
import type { Door } from '../door.ts';
import type { Answer } from '../http/answer.ts';
import { empty, json } from '../http/answer.ts';
import { newest, oldest } from '../http/router.ts';

/** The release of Docker's engine whose API this is. Programs compare it with the first one that has what they need. */
export const engineVersion = '29.0.0';

/** Go's names, which Docker uses. */
export const architecture = { x64: 'amd64', arm64: 'arm64' }[arch() as string] ?? arch();

const pingHeaders = {
  'content-type': 'text/plain; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  'Builder-Version': '1',
  Swarm: 'inactive',
};

/** Clients print these of an engine in Go. */
const go = { GitCommit: '', GoVersion: '', BuildTime: '' };

export async function ping(): Promise<Answer> {
  return { ...empty(200), headers: pingHeaders, body: 'OK' };
}

export async function version(door: Door): Promise<Answer> {
  const api = { ApiVersion: `1.${newest}`, MinAPIVersion: `1.${oldest}` };
  const kernel = release();
  return json({
    Platform: { Name: 'Liker' },
    Version: engineVersion,
    ...api,
    ...{ Os: 'linux', Arch: architecture, KernelVersion: kernel },
    ...go,
    Experimental: false,
    Components: [
      {
        Name: 'Engine',
        Version: engineVersion,
        Details: {
          ...{ ...api, ...go, Arch: architecture, Os: 'linux', KernelVersion: kernel },
          Experimental: 'false',
        },
      },
      { Name: 'liker', Version: door.version, Details: { Node: process.version } },
    ],
  });
}
