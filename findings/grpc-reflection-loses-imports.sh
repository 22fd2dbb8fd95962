#!/bin/sh
# @grpc/reflection 1.0.4: the file descriptors that it serves name no imports, and a client that checks them cannot use them.
#
# Expected: FileContainingSymbol answers the FileDescriptorProto as protoc makes it, `dependency` included.
# Seen:     a file that imports another and uses its message has an empty `dependency`; a strict pool (Python's DescriptorPool, and
#           any that follows descriptor.proto) then refuses the file, though the other one is served beside it. Lenient clients
#           (grpcurl) look the symbol up by themselves and never notice.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.7 @grpc/proto-loader@0.8.1 @grpc/reflection@1.0.4 protobufjs@7.5.4
mkdir proto
printf 'syntax = "proto3";\npackage other;\nmessage Other { string text = 1; }\n' >proto/other.proto
printf 'syntax = "proto3";\npackage t;\nimport "other.proto";\nmessage Asked { other.Other other = 1; optional int32 number = 2; }\nservice S { rpc Ask(Asked) returns (Asked); }\n' >proto/main.proto
cat >run.cjs <<'JS'
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { ReflectionService } = require('@grpc/reflection');
require('protobufjs/ext/descriptor');
const { FileDescriptorProto } = require('protobufjs/ext/descriptor');
const definition = loader.loadSync('main.proto', { includeDirs: ['proto'] });
const server = new grpc.Server();
new ReflectionService(definition).addToServer(server);
const reflection = grpc.loadPackageDefinition(loader.loadSync(require.resolve('@grpc/reflection').replace(/build.*/, 'build/proto/grpc/reflection/v1/reflection.proto'))).grpc.reflection.v1.ServerReflection;
server.bindAsync('unix:socket', grpc.ServerCredentials.createInsecure(), () => {
  const client = new reflection('unix:socket', grpc.credentials.createInsecure());
  const stream = client.ServerReflectionInfo();
  stream.on('error', () => {}); // the server's end
  stream.on('data', ({ fileDescriptorResponse }) => {
    const files = fileDescriptorResponse.fileDescriptorProto.map((bytes) => FileDescriptorProto.decode(bytes));
    for (const file of files) console.log(`${file.name}: dependency ${JSON.stringify(file.dependency)}`);
    const main = files.find(({ service }) => service.length > 0);
    const uses = main.messageType[0].field[0].typeName;
    console.log(`its field 'other' is of type ${uses}`);
    const optional = main.messageType[0].field[1];
    console.log(`proto3_optional of its field 'number': ${optional.proto3Optional ?? 'not set'}`);
    if (main.dependency.length > 0) { console.log('CHANGED: the import is named'); process.exitCode = 1; }
    stream.end(); client.close(); server.forceShutdown();
  });
  stream.write({ fileContainingSymbol: 't.S' });
});
JS
echo "version: @grpc/reflection $(node -p "require('./node_modules/@grpc/reflection/package.json').version"), Node $(node --version)"
node run.cjs
