#!/bin/sh
# dockerode 5.0.1 (docker-modem 5): without `hijack`, the end of stdin of an attached container closes the whole connection.
#
# Expected: stream.end() ends stdin alone, and what the container writes afterwards still arrives, as it does with `hijack: true`.
# Seen:     HttpDuplex.end destroys the socket. What comes later is lost, and the stream emits no 'end'.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts dockerode@5.0.1
cat >run.cjs <<'JS'
const Docker = require('dockerode');
// Answers as dockerd does, and writes only after all of stdin has come.
const server = require('net').createServer({ allowHalfOpen: true }, (socket) => {
  let head = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    if (head.includes('\r\n\r\n')) return;
    head += bytes;
    if (!head.includes('\r\n\r\n')) return;
    socket.write(/upgrade: tcp/i.test(head)
      ? 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'
      : 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n');
  });
  socket.on('end', () => setTimeout(() => socket.end('late'), 200));
});
server.listen('socket', async () => {
  const docker = new Docker({ socketPath: 'socket' });
  const expected = { true: 'late, end', false: 'nothing' };
  for (const hijack of [true, false]) {
    const stream = await docker.getContainer('c').attach({ stream: true, stdin: true, stdout: true, hijack });
    const seen = [];
    stream.on('data', (bytes) => seen.push(String(bytes)));
    for (const name of ['end', 'close', 'error']) stream.on(name, () => seen.push(name));
    stream.end('typed\n');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const told = seen.filter((word) => word !== 'close').join(', ') || 'nothing';
    console.log(`hijack ${hijack}: ${told}`);
    if (told !== expected[hijack]) { console.log(`CHANGED: was ${expected[hijack]}`); process.exit(1); }
  }
  process.exit(0);
});
JS
echo "version: dockerode $(node -p "require('dockerode/package.json').version"), docker-modem $(node -p "require('docker-modem/package.json').version"), Node $(node --version)"
node run.cjs
