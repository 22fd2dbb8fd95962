import { familiarName, type ImageName } from '../../common/image-name.ts';
import { choosePlatform } from '../oci/choose.ts';
import type { Access, Registries, Repository } from './api.ts';
import { fetchBlob } from './blobs.ts';
import { Call, type Client } from './call.ts';
import { checkCredentials } from './check-credentials.ts';
import { fetchDocument, findTag } from './documents.ts';
import { downloadBlob } from './download.ts';
import { Agents } from './http/agents.ts';
import { type Timing, usualTiming } from './timing.ts';
import { hasBlob, mountBlob, putDocument, uploadBlob } from './upload.ts';

export interface RegistriesOptions {
  /** Has a folder with a hosts.toml for each registry. */
  readonly folder: string;
  /** For HTTP_PROXY, HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE. */
  readonly env: NodeJS.ProcessEnv;
  readonly timing?: Partial<Timing>;
}

/** The client for all registries, with its connections. */
export function openRegistries({ folder, env, timing }: RegistriesOptions): Registries & Disposable {
  const client: Client = { agents: new Agents(env), timing: { ...usualTiming, ...timing }, folder };
  return {
    open: (name, access) => repository(client, name, access),
    checkCredentials: (host, access, signal) =>
      checkCredentials(new Call(client, host, access), host, signal),
    [Symbol.dispose]: () => client.agents.close(),
  };
}

function repository(client: Client, name: ImageName, access: Access): Repository {
  const call = new Call(client, name.host, access);
  return {
    digest: async (signal) => (await findTag(call, name, signal)).digest,
    resolve: async (platform, signal) => {
      const { digest, document } = await findTag(call, name, signal);
      const top = document ?? (await fetchDocument(call, name, { digest, mediaType: '' }, signal));
      const chosen = await choosePlatform(top, platform, {
        what: familiarName(name),
        fetch: (descriptor) => fetchDocument(call, name, descriptor, signal),
      });
      return { ...chosen, digest };
    },
    document: (wanted, signal) => fetchDocument(call, name, wanted, signal),
    blob: (blob, signal) => fetchBlob(call, name, blob, signal),
    download: (blob, download, signal) => downloadBlob(call, name, blob, download, signal),
    hasBlob: (digest, signal) => hasBlob(call, name, digest, signal),
    mount: (digest, from, signal) => mountBlob(call, name, { digest, from }, signal),
    upload: (blob, read, signal) => uploadBlob(call, name, { blob, read }, signal),
    putDocument: (document, tag, signal) => putDocument(call, name, document, tag, signal),
  };
}
