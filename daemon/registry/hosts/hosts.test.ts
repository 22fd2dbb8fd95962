import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { hasReason, LikerError } from '../../../common/errors.ts';
import { allCapabilities, type Host, isLoopback } from './host.ts';
import { hostsOf } from './hosts.ts';

async function withFiles(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'liker-hosts-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const plain: Host = {
  base: '',
  capabilities: allCapabilities,
  tls: { ca: [], clients: [], verify: true },
  mayBePlain: false,
  headers: {},
  isOwn: true,
};

test('without a file there is the registry itself; one on this machine may be plain', async () => {
  const lenient = { ...plain, tls: { ...plain.tls, verify: false }, mayBePlain: true };
  const table: [string, boolean, Host][] = [
    ['docker.io', false, { ...plain, base: 'https://registry-1.docker.io/v2' }],
    ['example.com:5000', false, { ...plain, base: 'https://example.com:5000/v2' }],
    ['example.com', true, { ...lenient, base: 'https://example.com/v2' }],
    ['localhost:5000', false, { ...lenient, base: 'https://localhost:5000/v2' }],
    ['127.3.2.1', false, { ...lenient, base: 'https://127.3.2.1/v2' }],
    ['[::1]:5000', false, { ...lenient, base: 'https://[::1]:5000/v2' }],
  ];
  for (const [registry, insecure, host] of table) {
    assert.deepEqual(await hostsOf('/does/not/exist', registry, insecure), [host], registry);
  }
  for (const name of ['127.0.0.1.example.com', 'localhost.example.com', '128.0.0.1', '[::2]', '127.1']) {
    assert.equal(isLoopback(name), false, name);
  }
});

test('a hosts.toml names mirrors in their order, then the server', async () => {
  const text = `
    server = "https://registry-1.docker.io"

    [host."https://mirror.example.com"]
      capabilities = ["pull", "resolve"]
      ca = "ca.pem"
      client = [["client.cert", "/abs/client.key"]]
      [host."https://mirror.example.com".header]
        x-team = "blue"
        x-more = ["a", "b"]
    [host."http://10.0.0.7:5000/docker/"]
      capabilities = ["pull"]
    [host."other.example.com/v2"]
      skip_verify = true
    [host."https://path.example.com/api/cache"]
      override_path = true
  `;
  await withFiles(
    { 'docker.io/hosts.toml': text.replace('/abs/', ''), 'docker.io/ca.pem': 'CA' },
    async (folder) => {
      await assert.rejects(
        hostsOf(folder, 'docker.io', false),
        /hosts.toml': cannot read '.*\/docker.io\/client\.cert': ENOENT/,
      );
    },
  );
  const files = {
    'hosts.toml': text.replace('/abs/', ''),
    'ca.pem': 'CA',
    'client.cert': 'CERT',
    'client.key': 'KEY',
  };
  const inFolder = Object.fromEntries(
    Object.entries(files).map(([name, value]) => [`docker.io/${name}`, value]),
  );
  await withFiles(inFolder, async (folder) => {
    const mirror = { ...plain, isOwn: false };
    assert.deepEqual(await hostsOf(folder, 'docker.io', false), [
      {
        ...mirror,
        base: 'https://mirror.example.com/v2',
        capabilities: new Set(['pull', 'resolve']),
        tls: { ca: ['CA'], clients: [{ cert: 'CERT', key: 'KEY' }], verify: true },
        headers: { 'x-team': 'blue', 'x-more': ['a', 'b'] },
      },
      { ...mirror, base: 'http://10.0.0.7:5000/docker/v2', capabilities: new Set(['pull']) },
      { ...mirror, base: 'https://other.example.com/v2', tls: { ca: [], clients: [], verify: false } },
      { ...mirror, base: 'https://path.example.com/api/cache' },
      { ...plain, base: 'https://registry-1.docker.io/v2' },
    ]);
  });
});

test('a host that is the registry itself is no mirror, and is asked once', async () => {
  const verified = { ca: ['CA'], clients: [], verify: true };
  const own = { ...plain, base: 'https://r.example.com/v2' };
  const table: [registry: string, text: string, hosts: Partial<Host>[]][] = [
    [
      'r.example.com',
      'server = "https://r.example.com"\n[host."https://r.example.com"]\nca = "ca.pem"\n[host."https://r.example.com".header]\nx = "y"',
      [{ tls: verified, headers: { x: 'y' } }],
    ],
    [
      'r.example.com',
      '[host."https://r.example.com"]\ncapabilities = ["pull", "resolve"]\nca = "ca.pem"',
      [
        { tls: verified, capabilities: new Set(['pull', 'resolve']) },
        { tls: verified, capabilities: new Set(['push']) },
      ],
    ],
    [
      'r.example.com',
      'ca = "ca.pem"\n[host."https://r.example.com"]\ncapabilities = ["pull", "resolve", "push"]',
      [{ tls: verified }],
    ],
    ['r.example.com', '[host."http://r.example.com"]', [{ base: 'http://r.example.com/v2' }, {}]],
    [
      'docker.io',
      'server = "https://docker.io"\n[host."https://registry-1.docker.io"]\ncapabilities = ["pull"]',
      [
        { base: 'https://registry-1.docker.io/v2', capabilities: new Set(['pull']) },
        { base: 'https://docker.io/v2' },
      ],
    ],
    [
      '127.0.0.1:5000',
      '[host."https://127.0.0.1:5000"]\nca = "ca.pem"',
      [{ base: 'https://127.0.0.1:5000/v2', tls: verified }],
    ],
  ];
  for (const [registry, text, hosts] of table)
    await withFiles({ [`${registry}/hosts.toml`]: text, [`${registry}/ca.pem`]: 'CA' }, async (folder) => {
      const wanted = hosts.map((host) => ({ ...own, ...host }));
      assert.deepEqual(await hostsOf(folder, registry, false), wanted, text);
    });
});

test('the folder is found by host and port, then _default', async () => {
  const files = {
    'a.example.com:5000/hosts.toml': 'server = "https://one"',
    'b.example.com_5000_/hosts.toml': 'server = "https://two"',
    '_default/hosts.toml': '[host."https://cache"]',
  };
  await withFiles(files, async (folder) => {
    const bases = async (registry: string): Promise<string[]> =>
      (await hostsOf(folder, registry, false)).map(({ base }) => base);
    assert.deepEqual(await bases('a.example.com:5000'), ['https://one/v2']);
    assert.deepEqual(await bases('b.example.com:5000'), ['https://two/v2']);
    assert.deepEqual(await bases('c.example.com'), ['https://cache/v2', 'https://c.example.com/v2']);
  });
});

test('what a file says about TLS also holds for a registry on this machine', async () => {
  const table: [string, boolean, Partial<Host>][] = [
    ['ca = "ca.pem"', false, { mayBePlain: false, tls: { ca: ['CA'], clients: [], verify: true } }],
    ['server = "https://127.0.0.1:5000"', false, { mayBePlain: false, tls: plain.tls }],
    ['skip_verify = true', false, { mayBePlain: false, tls: { ...plain.tls, verify: false } }],
    [
      '[header]\nx = "y"',
      false,
      { mayBePlain: true, tls: { ...plain.tls, verify: false }, headers: { x: 'y' } },
    ],
    ['ca = "ca.pem"', true, { mayBePlain: true, tls: { ca: ['CA'], clients: [], verify: false } }],
  ];
  for (const [text, insecure, host] of table) {
    await withFiles({ '127.0.0.1:5000/hosts.toml': text, '127.0.0.1:5000/ca.pem': 'CA' }, async (folder) => {
      const hosts = await hostsOf(folder, '127.0.0.1:5000', insecure);
      assert.deepEqual(hosts, [{ ...plain, base: 'https://127.0.0.1:5000/v2', ...host }], text);
    });
  }
});

test("Docker's folders of certificates are read, too", async () => {
  const name = 'r.example.com:5000';
  const files = { [`${name}/ca.crt`]: 'CA', [`${name}/me.cert`]: 'CERT', [`${name}/me.key`]: 'KEY' };
  await withFiles(files, async (folder) => {
    const tls = { ca: ['CA'], clients: [{ cert: 'CERT', key: 'KEY' }], verify: true };
    assert.deepEqual(await hostsOf(folder, name, false), [{ ...plain, base: `https://${name}/v2`, tls }]);
  });
  await withFiles({ [`${name}/me.cert`]: 'CERT' }, async (folder) => {
    await assert.rejects(hostsOf(folder, name, false), /Cannot use '.*me\.key': cannot read/);
  });
});

test('a bad file is an error that names the file and what is wrong', async () => {
  const table: [string, RegExp][] = [
    ['\nserver = ', /line 2: Invalid TOML/],
    ['capabilities = ["pull", "fly"]', /capabilities\[1\]/],
    ['skip_verify = "yes"', /skip_verify/],
    ['server = "https://"', /'https:\/\/' is not the address of a server/],
    ['server = "https://user:secret@h"', /more than a host and a path/],
    ['[host."https://m?x=y"]', /more than a host and a path/],
    ['client = [["a", "b", "c"]]', /client: give a certificate and its key/],
    ['ca = "missing.pem"', /cannot read '.*missing\.pem': ENOENT/],
    ['[host]\n"https://m" = 3', /host/],
  ];
  for (const [text, why] of table) {
    await withFiles({ 'h/hosts.toml': text }, async (folder) => {
      await assert.rejects(hostsOf(folder, 'h', false), (error) => {
        assert.ok(hasReason(error, 'REGISTRY_MISCONFIGURED') && error instanceof LikerError, String(error));
        assert.ok(error.message.startsWith(`Cannot use '${folder}/h/hosts.toml': `), error.message);
        assert.match(error.message, why);
        return true;
      });
    });
  }
});
