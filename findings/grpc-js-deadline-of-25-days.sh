#!/bin/sh
# @grpc/grpc-js 1.14.7: a call with a deadline 25 or 30 days ahead ends at once with DEADLINE_EXCEEDED; 20 and 60 days work.
#
# Expected: a far deadline is as good as none.
# Seen:     the deadline's distance goes as milliseconds to a timer of the server that holds 31 bits, and wraps: between 2^31 ms
#           (24.9 days) and 2^32 ms (49.7 days) the timer fires immediately while the handler still runs.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.7
cat >run.cjs <<'JS'
const grpc = require('@grpc/grpc-js');
const bytes = (value) => value;
const echo = { path: '/t.T/Echo', requestStream: false, responseStream: false, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
const server = new grpc.Server();
server.addService({ Echo: echo }, { Echo: (call, callback) => setTimeout(() => callback(null, call.request), 300) });
server.bindAsync('unix:socket', grpc.ServerCredentials.createInsecure(), async () => {
  const client = new grpc.Client('unix:socket', grpc.credentials.createInsecure());
  const day = 24 * 3600 * 1000;
  const expected = { 1: 'OK', 20: 'OK', 24: 'OK', 25: 'DEADLINE_EXCEEDED', 30: 'DEADLINE_EXCEEDED', 60: 'OK' };
  for (const [days, word] of Object.entries(expected)) {
    const seen = await new Promise((done) => {
      client.makeUnaryRequest(echo.path, bytes, bytes, Buffer.from('x'), new grpc.Metadata(), { deadline: Date.now() + days * day }, (error) => done(error ? grpc.status[error.code] : 'OK'));
    });
    console.log(`deadline in ${days} days, handler takes 300 ms: ${seen}`);
    if (seen !== word) { console.log(`CHANGED: was ${word}`); process.exit(1); }
  }
  client.close();
  server.forceShutdown();
});
JS
echo "version: @grpc/grpc-js $(node -p "require('@grpc/grpc-js/package.json').version"), Node $(node --version)"
node run.cjs 2>log.txt || { cat log.txt; exit 1; }
