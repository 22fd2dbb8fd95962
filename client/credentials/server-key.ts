/** The name of Docker Hub in Docker's files, and for helpers. */
const dockerHubKey = 'https://index.docker.io/v1/';
const dockerHub: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** The host of a registry as it is in names of images, from what a user or a file calls it: https://HOST/v1/, HOST:PORT/PATH. */
export function registryOf(text: string): string {
  const [host = ''] = text.replace(/^https?:\/\//i, '').split('/');
  return dockerHub.has(host) ? 'docker.io' : host;
}

/** What Docker's files and helpers call a registry. */
export function serverKey(registry: string): string {
  return registry === 'docker.io' ? dockerHubKey : registry;
}
