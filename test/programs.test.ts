// What people run in containers, in an image of Debian, in each user-namespace mode: apt, python3, gcc, PostgreSQL and nginx, each by its effect.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { digestOf } from '../common/digest.ts';
import { imageArchive } from './harness/image.ts';
import { suite } from './harness/suite.ts';
import { hangMs, until } from './harness/until.ts';
import { modes } from './hostile/modes.ts';
import { programsRoot } from './package/programs-root.ts';

const { file: tar = '', skip } = await programsRoot();
const s = suite();
const image = 'local/programs:1';

/** A repository of Debian packages: tool, which needs tool-data. */
function makeRepository(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const script = '#!/bin/sh\ncat /usr/share/tool/data\n';
  const own = 'install -d -o games -g mail -m 2770 /var/lib/tool';
  const indices = [
    makePackage(folder, 'tool-data', '', { 'usr/share/tool/data': 'data of the tool\n' }),
    makePackage(folder, 'tool', 'Depends: tool-data (>= 1)\n', {
      'usr/bin/tool': script,
      'DEBIAN/postinst': `#!/bin/sh -e\n${own}\n`,
    }),
  ];
  writeFileSync(join(folder, 'Packages'), indices.join('\n'));
}

/** Answers its entry in the repository's index. */
function makePackage(
  folder: string,
  name: string,
  fields: string,
  files: Readonly<Record<string, string>>,
): string {
  const work = mkdtempSync(join(tmpdir(), 'lk-deb-'));
  const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n${fields}`;
  for (const [path, content] of Object.entries({ ...files, 'DEBIAN/control': control })) {
    mkdirSync(join(work, path, '..'), { recursive: true });
    writeFileSync(join(work, path), content, { mode: path === 'DEBIAN/control' ? 0o644 : 0o755 });
  }
  const archive = join(folder, `${name}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-b', work, archive], { stdio: 'ignore' });
  rmSync(work, { recursive: true });
  const digest = digestOf(readFileSync(archive)).replace('sha256:', '');
  return `${control}Filename: ./${basename(archive)}\nSize: ${statSync(archive).size}\nSHA256: ${digest}\n`;
}

const program = `
#include <pthread.h>
#include <stdio.h>
static void *add (void *to) { __atomic_add_fetch ((int *)to, 1, __ATOMIC_SEQ_CST); return 0; }
int main (void) {
  pthread_t threads[20];
  int sum = 0;
  for (int i = 0; i < 20; i++) pthread_create (&threads[i], 0, add, &sum);
  for (int i = 0; i < 20; i++) pthread_join (threads[i], 0);
  return printf ("%d threads\\n", sum) < 0;
}
`;
const interpreted = `
import json, multiprocessing, os, socket, sqlite3, subprocess, tempfile
with multiprocessing.Pool(2) as pool: squares = pool.map(abs, range(-3, 0))
with tempfile.TemporaryDirectory() as folder:
    base = sqlite3.connect(folder + '/base'); base.execute('create table t (n)'); base.execute('insert into t values (7)'); base.commit()
    stored = base.execute('select n from t').fetchone()[0]
server = socket.create_server(('127.0.0.1', 0)); client = socket.create_connection(server.getsockname()); client.sendall(b'hello')
said = subprocess.run(['tr', 'a-z', 'A-Z'], input=server.accept()[0].recv(5), stdout=subprocess.PIPE).stdout.decode()
os.chown('/srv', 12345, 23456)
print(json.dumps([squares, stored, said, os.stat('/srv').st_uid, os.stat('/srv').st_gid]))
`;
const fetched = `import urllib.request as r; a = r.urlopen('http://127.0.0.1/page'); print(a.status, a.headers['Server'][:5], a.read().decode(), end='')`;

describe('Debian in an image', { skip }, () => {
  let repository = '';
  before(async () => {
    const work = s.folder('images');
    repository = s.folder('repository');
    makeRepository(repository);
    const archive = imageArchive(work, {
      name: image,
      layers: [{ tar }],
      config: { Cmd: ['bash'], Env: ['LC_ALL=C.UTF-8'] },
    });
    await s.ok(['load', '-q', '-i', archive], { hangMs: 4 * hangMs });
    rmSync(archive);
  });

  for (const { userns, flags } of modes)
    describe(`--userns ${userns}`, { concurrency: 1 }, () => {
      const run = (...args: string[]) => s.ok(['run', '--rm', ...flags, ...args]);
      const exec = (...args: string[]) => s.ok(['exec', ...args]);
      const started = (...args: string[]) => s.ok(['run', '-d', ...flags, ...args]);

      test('apt updates from a repository, and installs a package with what it needs, and their owners', async () => {
        const script = `
          rm -rf /etc/apt/sources.list.d/*; echo "deb [trusted=yes] file:/repository ./" >/etc/apt/sources.list
          apt-get -qq update; apt-get -qq install -y tool >/dev/null; apt-mark showmanual tool; tool
          stat -c "%U:%G %a" /var/lib/tool; apt-get -qq purge -y tool >/dev/null; apt-get -qq autoremove -y >/dev/null; ls -d /usr/share/tool /usr/bin/tool 2>&1 | grep -c "No such"`;
        const output = await run(
          '-v',
          `${repository}:/repository:ro`,
          '-e',
          'DEBIAN_FRONTEND=noninteractive',
          image,
          'bash',
          '-ec',
          script,
        );
        assert.equal(output, 'tool\ndata of the tool\ngames:mail 2770\n2');
      });

      test('python3: processes, sockets, a database, owners', async () => {
        assert.equal(await run(image, 'python3', '-c', interpreted), '[[3, 2, 1], 7, "HELLO", 12345, 23456]');
      });

      test('gcc compiles, links and runs a program with threads', async () => {
        const script = 'cat >/tmp/p.c; gcc -O2 -Wall -Werror -pthread -o /tmp/p /tmp/p.c && /tmp/p';
        const { stdout, stderr } = await s.likerctl(
          ['run', '-i', '--rm', ...flags, image, 'sh', '-ec', script],
          { stdin: program },
        );
        assert.equal(stdout, '20 threads\n', stderr);
      });

      test('PostgreSQL answers a query, and has what it stored after it was stopped and started again', async () => {
        const data = `pg-${userns}`;
        // As Debian starts it: by root, who makes its folder in /run and becomes postgres.
        const command = ['pg_ctlcluster', '--foreground', '15', 'main', 'start'];
        const mount = ['-v', `${data}:/var/lib/postgresql`];
        const id = await started(...mount, '--stop-timeout', '60', image, ...command);
        const query = (sql: string) => exec('-u', 'postgres', id, 'psql', '-AtXqc', sql);
        const ready = () =>
          until('it accepts connections', async () => {
            const { code } = await s.likerctl(['exec', '-u', 'postgres', id, 'pg_isready', '-q']);
            return code === 0;
          });
        await ready();
        assert.equal(
          await query('create table t as select generate_series(1, 1000) n; select sum(n) from t'),
          '500500',
        );
        await s.ok(['stop', id]);
        assert.equal(await s.ok(['inspect', '-f', '{{.State.ExitCode}}', id]), '0', await s.ok(['logs', id]));
        await s.ok(['start', id]);
        await ready();
        assert.equal(await query('select count(*) from t'), '1000');
        assert.equal(await exec(id, 'stat', '-c', '%U %a', '/var/lib/postgresql/15/main'), 'postgres 700');
        await s.ok(['rm', '-f', id]);
        await s.ok(['volume', 'rm', data]);
      });

      test('nginx serves a page, by workers of its own user', async () => {
        const id = await started('--stop-signal', 'SIGQUIT', image, 'nginx', '-g', 'daemon off;');
        await exec(id, 'sh', '-c', 'echo served >/var/www/html/page; chmod 644 /var/www/html/page');
        const page = () => s.likerctl(['exec', id, 'python3', '-c', fetched]);
        const answer = await until('it answers', async () => (await page()).stdout || null);
        assert.equal(answer, '200 nginx served\n');
        const workers =
          'for p in /proc/[0-9]*; do if grep -q "^[n]ginx: worker" $p/cmdline; then stat -c %U $p; fi; done 2>/dev/null | sort -u';
        assert.equal(await exec(id, 'sh', '-c', workers), 'www-data');
        await s.ok(['stop', id]);
        assert.equal(await s.ok(['inspect', '-f', '{{.State.ExitCode}}', id]), '0');
        await s.ok(['rm', id]);
      });
    });
});
