import { noImages } from './docker-texts.ts';

const noSwarm = 'likerd runs the containers of one machine';

/** Docker's commands that Liker does not have yet, by their first word, with what to do instead. */
const instead: ReadonlyMap<string, string> = new Map([
  ...words('build builder buildx manifest trust', noImages),
  ['search', 'look for it on the site of the registry'],
  ...words('config node service stack swarm', noSwarm),
  ['compose', 'start each container with likerctl run, from a script or a systemd unit'],
  ['context', 'name the daemon with -H unix://PATH or LIKER_HOST'],
  ['checkpoint', 'pause and unpause keep a container in memory'],
  ['plugin', 'there are no plugins'],
]);

/** The error for a Docker command that Liker does not have yet; undefined if Docker has no such command. */
export function missingDockerCommand(argv: readonly string[]): string | undefined {
  const [first = '', second = ''] = argv;
  const name = ['container', 'image'].includes(first) ? second : first;
  const text = instead.get(name);
  return text && `'${name}' is not supported yet: ${text}`;
}

function words(names: string, text: string): [string, string][] {
  return names.split(' ').map((name) => [name, text]);
}
