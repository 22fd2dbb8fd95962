// examples/postgres: tests of others, which start a real Postgres of this machine's packages in a container.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { exampleModules, installExample, requiresPackages } from './harness/example.ts';
import { NetBox } from './harness/net-box.ts';
import { requires } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const box = await NetBox.open();
after(() => box.close());
const s = suite({ within: box.machine.within, args: ['--default-network', 'bridge'] });

const server = '/usr/lib/postgresql/15';
const needs = requiresPackages.skip
  ? requiresPackages
  : requires("Debian's package postgresql-15", existsSync(`${server}/bin/postgres`));

/** As in the images of others: it makes a database first, and runs as an ordinary user. */
const entrypoint = `#!/bin/sh
set -e
printf %s "$POSTGRES_PASSWORD" >/var/lib/postgresql/password
initdb --auth=scram-sha-256 --pwfile=/var/lib/postgresql/password >/dev/null
echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
exec "$@" -c listen_addresses='*'
`;

const settings = [
  'USER postgres',
  `ENV PATH=${server}/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data`,
  'ENTRYPOINT ["/entrypoint"]',
  'CMD ["postgres"]',
];

/** An image with Postgres. */
async function makeImage(): Promise<void> {
  const root = join(s.daemon.home, 'postgres');
  const programs = ['postgres', 'initdb', 'pg_isready'].map((name) => `${server}/bin/${name}`);
  await s.ok(['rootfs', 'build', root, ...programs.flatMap((path) => ['--with', path])]);
  for (const folder of [server, '/usr/share/postgresql/15']) {
    mkdirSync(join(root, folder), { recursive: true });
    execFileSync('cp', ['-aT', folder, join(root, folder)]);
  }
  appendFileSync(join(root, 'etc/passwd'), 'postgres:x:999:999::/var/lib/postgresql:/bin/sh\n');
  for (const folder of ['var/lib/postgresql', 'var/run/postgresql']) {
    mkdirSync(join(root, folder), { recursive: true });
    execFileSync('chown', ['999:999', join(root, folder)]);
  }
  writeFileSync(join(root, 'entrypoint'), entrypoint, { mode: 0o755 });
  await s.ok(['import', ...settings.flatMap((line) => ['-c', line]), root, 'postgres']);
}

test(
  'examples/postgres: node:test and Vitest have a real Postgres, and leave none behind',
  needs,
  async () => {
    const [folder] = await Promise.all([installExample('postgres', ['postgres', 'vitest']), makeImage()]);
    const vitest = join(exampleModules, 'vitest/vitest.mjs');
    const runners = [
      ['--no-warnings', '--test', '--test-reporter=tap', 'node.spec.ts'],
      [vitest, 'run', '--reporter=tap-flat', 'vitest.spec.ts'],
    ];
    const env = {
      PATH: process.env['PATH'],
      LIKER_HOST: `unix://${s.daemon.socket}`,
      POSTGRES_IMAGE: 'postgres',
    };
    for (const args of runners) {
      const [program = '', ...rest] = [...box.machine.within, process.execPath, ...args];
      const { stdout } = await promisify(execFile)(program, rest, { cwd: folder, env, timeout: 180_000 });
      assert.equal(
        stdout.match(/^ok \d+ - .*(orders are added up|begins with an empty)/gm)?.length,
        2,
        stdout,
      );
      assert.equal(await s.ok(['ps', '-aq']), '');
    }
  },
);
