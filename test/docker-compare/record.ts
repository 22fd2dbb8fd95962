// Records what dockerd answers, for compare.test.ts. Run as root: node test/docker-compare/record.ts && npm run format
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerDaemon } from '../../bench/engines/daemon.ts';
import { LeftGroups } from '../../bench/engines/left-groups.ts';
import { boxArchive } from '../harness/docker-client.ts';
import { NetBox } from '../harness/net-box.ts';
import { summaries } from './answers.ts';
import { client, outcomes } from './lines.ts';
import { recorded } from './recorded.ts';

/** Runs `use` with the socket of a new dockerd, whose mounts and network are its own. */
async function withDockerd<T>(
  use: (socket: string, folder: string, within: readonly string[]) => Promise<T>,
) {
  await using box = await NetBox.open();
  const folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
  const socket = join(folder, 'docker.sock');
  const groups = new LeftGroups('docker');
  try {
    await using _ = await PeerDaemon.start(
      [
        ...['dockerd', '-H', `unix://${socket}`, '--data-root', join(folder, 'data')],
        ...['--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
      ],
      { socket, log: join(folder, 'log'), within: [...box.machine.within, 'unshare', '--mount'] },
    );
    execFileSync(client, ['-H', `unix://${socket}`, 'load', '-i', boxArchive(folder)]);
    return await use(socket, folder, box.machine.within);
  } finally {
    await groups.remove();
    rmSync(folder, { recursive: true });
  }
}

function store(name: keyof typeof recorded, value: unknown): void {
  writeFileSync(recorded[name], `${JSON.stringify(value, null, 2)}\n`);
}

store('requests', await withDockerd(summaries));
store(
  'lines',
  await withDockerd((socket, folder, within) => outcomes(socket, { work: join(folder, 'work'), within })),
);
