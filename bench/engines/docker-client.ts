import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findProgram, networkFlags, type RunOptions, sleeper } from './engine.ts';

const image = 'liker-bench';

/** Shell commands of Docker's own client, at a socket of its API. */
export class DockerClient {
  /** Their beginning. */
  readonly dockerLike: string;

  constructor(socket: string) {
    this.dockerLike = `${packagedClient()} -H unix://${socket}`;
  }

  /** Makes the image that the commands below run. */
  import(rootfs: string): void {
    execFileSync('sh', ['-c', `tar -C ${rootfs} -c . | ${this.dockerLike} import - ${image}`], {
      stdio: 'pipe',
    });
  }

  run(args: readonly string[], options: RunOptions = {}): string {
    const { stdin, tty, withoutLog } = options;
    const flags = [stdin && '-i', tty && '-it', withoutLog && '--log-driver none'].filter(Boolean);
    return `${this.dockerLike} run --rm ${flags.join(' ')} ${networkFlags(options)} ${image} ${args.join(' ')}`;
  }

  start(name: string, options: RunOptions = {}, args: readonly string[] = sleeper): string {
    return `${this.dockerLike} run -d --name ${name} ${networkFlags(options)} ${image} ${args.join(' ')}`;
  }

  exec(name: string, args: readonly string[]): string {
    return `${this.dockerLike} exec ${name} ${args.join(' ')}`;
  }

  list(): string {
    return `${this.dockerLike} ps`;
  }

  remove(names: readonly string[]): string {
    return `${this.dockerLike} rm -f ${names.join(' ')}`;
  }
}

/** That of the daemon's release, since the PATH may find another one first. */
export function packagedClient(): string {
  const packaged = '/usr/bin/docker';
  return existsSync(packaged) ? packaged : (findProgram('docker') ?? 'docker');
}
