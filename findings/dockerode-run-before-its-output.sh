#!/bin/sh
# dockerode 5.0.1 (docker-modem 5): `docker.run` resolves before the output that it was asked to write has come.
#
# Expected: run(image, command, [stdout, stderr]) is over when the container has ended and its output is in the streams, as `docker run` is.
# Seen:     it resolves with the answer of /wait. Output comes by another connection, which has no order with that one; what comes later is written
#           after the end, and nothing tells when. Whoever ends the streams then loses it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts dockerode@5.0.1
cat >run.cjs <<'JS'
const { createServer } = require('http');
const { PassThrough } = require('stream');
const Docker = require('dockerode');

// Answers as dockerd does; the output has a longer way than the answer of /wait.
const frame = (text) => Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
let attached;
const answers = {
  create: (response) => response.writeHead(201, { 'Content-Type': 'application/json' }).end('{"Id":"c","Warnings":[]}'),
  attach: (response) => {
    attached = response;
    response.writeHead(200, { 'Content-Type': 'application/vnd.docker.raw-stream' }).flushHeaders();
  },
  start: (response) => response.writeHead(204).end(),
  wait: (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"StatusCode":0}');
    setTimeout(() => attached.end(frame('output\n')), 300);
  },
};
const server = createServer((request, response) => {
  request.resume();
  answers[/\/(\w+)(\?|$)/.exec(request.url)[1]](response);
});
server.listen('socket', async () => {
  const output = new PassThrough();
  let seen = '';
  output.on('data', (bytes) => { seen += bytes; });
  const come = new Promise((resolve) => output.once('data', resolve));
  const [{ StatusCode }] = await new Docker({ socketPath: 'socket' }).run('image', ['true'], [output, new PassThrough()], { Tty: false });
  const atEnd = seen;
  await come;
  console.log(`run resolved with ${StatusCode} and ${JSON.stringify(atEnd)}, then came ${JSON.stringify(seen)}`);
  const isSame = atEnd === '' && seen === 'output\n';
  if (!isSame) console.log('CHANGED: was "", then "output\\n"');
  process.exit(isSame ? 0 : 1);
});
JS
echo "version: dockerode $(node -p "require('dockerode/package.json').version"), docker-modem $(node -p "require('docker-modem/package.json').version"), Node $(node --version)"
timeout 60 node run.cjs
