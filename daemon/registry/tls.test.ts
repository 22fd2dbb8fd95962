import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { parseImageName } from '../../common/image-name.ts';
import { openRegistries } from './registries.ts';
import { anonymous, FakeRegistry, fails, never, quick, refuse } from './test/fake-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-tls-'));
after(() => rmSync(folder, { recursive: true }));

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** An authority, or a certificate that it signs for 127.0.0.1. */
function makeCertificate(name: string, issuer?: string): void {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const signed =
    issuer === undefined
      ? ['-addext', 'basicConstraints=critical,CA:TRUE']
      : [
          '-CA',
          join(folder, `${issuer}.crt`),
          '-CAkey',
          join(folder, `${issuer}.key`),
          '-addext',
          'subjectAltName=IP:127.0.0.1',
        ];
  const parameters = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  ];
  execFileSync('openssl', ['req', '-x509', ...parameters, '-keyout', key, '-out', cert, ...signed], {
    stdio: 'pipe',
  });
}

before(() => {
  makeCertificate('authority');
  makeCertificate('other');
  makeCertificate('server', 'authority');
  makeCertificate('client', 'authority');
});

const server = () => ({ cert: read('server.crt'), key: read('server.key') });

/** The digest of a tag, with a hosts.toml for the registry. */
async function digest(
  { host }: FakeRegistry,
  { hosts, insecure = false, env = {} }: { hosts?: string; insecure?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const files = mkdtempSync(join(folder, 'certs-'));
  if (hosts !== undefined) {
    mkdirSync(join(files, host));
    writeFileSync(join(files, host, 'hosts.toml'), hosts);
  }
  using registries = openRegistries({ folder: files, env, timing: quick });
  return await registries
    .open(parseImageName(`${host}/x:1`, 'name'), { ...anonymous, insecure })
    .digest(never);
}

test('a registry on this machine may have any certificate, as in Docker', async () => {
  await using registry = await FakeRegistry.start(server());
  const image = registry.addImage('1');
  assert.equal(await digest(registry), image.digest);
});

test('where a file says more about TLS, the certificate has to be signed by an authority', async () => {
  await using registry = await FakeRegistry.start(server());
  const image = registry.addImage('1');
  const here = `server = "https://${registry.host}"\n`;
  assert.equal(await digest(registry, { hosts: `${here}ca = "${folder}/authority.crt"` }), image.digest);
  assert.equal(await digest(registry, { hosts: `${here}skip_verify = true` }), image.digest);
  assert.equal(
    await digest(registry, { hosts: here, env: { SSL_CERT_FILE: join(folder, 'authority.crt') } }),
    image.digest,
  );
  assert.equal(await digest(registry, { hosts: here, insecure: true }), image.digest);
  const untrusted = fails(
    'REGISTRY_UNREACHABLE',
    /its certificate is not from an authority that this machine trusts \(\w+\); name the authority as 'ca' in '.*hosts\.toml'$/,
  );
  await assert.rejects(digest(registry, { hosts: here }), untrusted);
  await assert.rejects(digest(registry, { hosts: `${here}ca = "${folder}/other.crt"` }), untrusted);
  await assert.rejects(digest(registry, { hosts: `ca = "${folder}/other.crt"` }), untrusted);
  const name = `server = "https://localhost:${registry.host.split(':')[1]}"\nca = "${folder}/authority.crt"`;
  await assert.rejects(
    digest(registry, { hosts: name }),
    fails('REGISTRY_UNREACHABLE', /ERR_TLS_CERT_ALTNAME_INVALID: its certificate is for another host/),
  );
});

test('the certificate of this client is shown to its host, and to no server that it redirects to', async () => {
  const names: string[] = [];
  const noteClient = (registry: FakeRegistry): void => {
    registry.instead = (request, response, url) => {
      names.push(`${(request.socket as TLSSocket).getPeerCertificate().subject?.['CN']}`);
      if (url.pathname === '/elsewhere') return refuse(response, 404, 'NOTHING');
      response.writeHead(302, { location: `https://${elsewhere.host}/elsewhere` }).end();
      return true;
    };
  };
  const asking = { ...server(), ca: read('authority.crt') };
  await using elsewhere = await FakeRegistry.start(asking);
  await using registry = await FakeRegistry.start(asking);
  for (const one of [registry, elsewhere]) noteClient(one);
  const hosts = `ca = "${folder}/authority.crt"\nclient = [["${folder}/client.crt", "${folder}/client.key"]]`;
  await assert.rejects(
    digest(registry, { hosts }),
    fails('IMAGE_NOT_FOUND', new RegExp(`${elsewhere.host} has nothing`)),
  );
  assert.deepEqual(names, ['client', 'undefined']);
});

test('a server in plain HTTP is told from one with a bad certificate', async () => {
  await using registry = await FakeRegistry.start();
  const image = registry.addImage('1');
  assert.equal(await digest(registry), image.digest);
  assert.equal(await digest(registry, { hosts: `server = "http://${registry.host}"` }), image.digest);
  const hosts = `server = "https://${registry.host}"`;
  await assert.rejects(
    digest(registry, { hosts }),
    fails('REGISTRY_UNREACHABLE', /EPROTO: it does not speak TLS; if it speaks plain HTTP/),
  );
  assert.equal(await digest(registry, { hosts, insecure: true }), image.digest);
});
