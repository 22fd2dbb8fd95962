/** What likerd advises in commands of likerctl, and what a program does instead. Other commands have no call here, and stay. */
const advice: readonly (readonly [string | RegExp, string])[] = [
  ["'likerctl ps -a'", 'containers.list({ all: true })'],
  ["'likerctl volume ls'", 'volumes.list()'],
  ["'likerctl network ls'", 'networks.list()'],
  [/'likerctl network rm (\S+)'/, "networks.remove('$1')"],
  ['likerctl images', 'images.list()'],
  ['likerctl pull', 'images.pull()'],
  [/likerctl tag IMAGE (\S+)/, "images.tag(image, '$1')"],
  ['likerctl load', 'images.load()'],
  ['likerctl import', 'images.import()'],
  [/'?likerctl login( [\w.:[\]-]+)?'?/, "the option 'credentials'"],
];

/** A message of likerd in the words of the library. */
export function inCalls(message: string): string {
  return message.includes('likerctl')
    ? advice.reduce((text, [command, call]) => text.replace(command, call), message)
    : message;
}
