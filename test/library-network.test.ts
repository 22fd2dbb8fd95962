// The library where there are networks: ports, HTTP, and what a container may reach.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { repository } from './harness/daemon.ts';
import { NetBox } from './harness/net-box.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const box = await NetBox.open();
after(() => box.close());
const s = suite({
  within: box.machine.within,
  args: ['--default-network', 'bridge'],
  programs: ['python3', 'getent'],
});

/** Runs a program in likerd's network, with `liker` and `root`. */
async function run(body: string): Promise<string> {
  const source = `
    import { Liker } from ${JSON.stringify(join(repository, 'library/index.ts'))};
    const liker = new Liker({ lease: true });
    const [root] = process.argv.slice(1);
    ${body}`;
  const node = [process.execPath, '--no-warnings', '--input-type=module', '-e', source, s.rootfs];
  const [program = '', ...args] = [...box.machine.within, ...node];
  const env = { ...process.env, LIKER_HOST: `unix://${s.daemon.socket}` };
  return (await promisify(execFile)(program, args, { env, timeout: 60_000 })).stdout;
}

const server = `cmd: ['sh', '-c', 'sleep 0.3; exec python3 -m http.server 80'], cwd: '/tmp'`;

test(
  'a published port is waited for, and answers where the library says',
  requiresProgram('python3'),
  async () => {
    const out = await run(`
    const box = await liker.containers.run({ directory: root, ${server}, ports: [80] });
    const { host, port } = await box.address(80);
    const url = 'http://' + host + ':' + port + '/';
    await box.waitFor({ http: url, port: 80 }, { timeoutMs: 30_000 });
    console.log(host, (await fetch(url)).status);
    console.log(await box.address(81).catch(({ reason }) => reason));`);
    assert.equal(out, '127.0.0.1 200\nBAD_ARGUMENT\n');
  },
);

test(
  'containers of a network find each other; a policy holds at once',
  requiresProgram('python3'),
  async () => {
    const out = await run(`
    await liker.networks.create('back');
    const web = await liker.containers.run({ directory: root, name: 'web', ${server}, network: 'back' });
    await web.waitFor({ port: 80 }, { timeoutMs: 30_000 });
    const box = await liker.containers.run({ directory: root, cmd: ['sleep', '1000'], network: ['back'] });
    const script = 'import urllib.request; print(urllib.request.urlopen("http://web/", timeout=9).status)';
    const ask = async () => (await (await box.exec(['python3', '-c', script])).output());
    console.log(String((await ask()).stdout).trim());
    await box.update({ egress: 'none' });
    console.log((await ask()).exit.code);`);
    assert.equal(out, '200\n1\n');
  },
);
