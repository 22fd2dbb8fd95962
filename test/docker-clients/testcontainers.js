// Docker's API as testcontainers uses it: waits, ports, exec, copies, networks. Prints what the test compares.
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

// Where scripts/setup installs it.
const require = createRequire(new URL('../../dist/docker-clients/', import.meta.url));
const { GenericContainer, Network, Wait } = require('testcontainers');

const [image] = process.argv.slice(2);
const print = (...parts) => console.log(JSON.stringify(parts));

// The streams of logs keep no process alive.
const alive = setInterval(() => {}, 60_000);
const network = await new Network().start();
const web = await new GenericContainer(image)
  .withCommand(['sh', '-c', 'echo serving; exec httpd -f -p 80 -h /srv'])
  .withCopyContentToContainer([{ content: 'page\n', target: '/srv/index.html' }])
  .withExposedPorts(80)
  .withNetwork(network)
  .withNetworkAliases('site')
  .withEnvironment({ A: '1' })
  .withTmpFs({ '/scratch': 'rw' })
  .withHealthCheck({ test: ['CMD-SHELL', 'test -e /srv/index.html'], interval: 100, retries: 50 })
  .withWaitStrategy(
    Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage('serving'), Wait.forHealthCheck()]),
  )
  .start();
print(await (await fetch(`http://${web.getHost()}:${web.getMappedPort(80)}/`)).text());
const { output, exitCode } = await web.exec(['sh', '-c', 'echo $A; touch /scratch/x; exit 3']);
print(output, exitCode);
const other = await new GenericContainer(image)
  .withCommand(['sh', '-c', 'ping -4 -c1 site >/dev/null && echo found'])
  .withNetwork(network)
  .withWaitStrategy(Wait.forOneShotStartup())
  .start();
print(await text(await other.logs()));
await other.stop();
await web.restart();
print((await web.exec(['cat', '/srv/index.html'])).output);
print(web.getNetworkNames().length, web.getIpAddress(network.getName()).split('.').length);
await web.stop({ timeout: 0 });
await network.stop();
clearInterval(alive);
