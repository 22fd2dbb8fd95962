// Compiles proto/ to one JSON descriptor (parsing .proto files at every start would cost tens of milliseconds)
// and to TypeScript types.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { clientCodecs, daemonCodecs } from './proto-codecs.ts';

const top = join(import.meta.dirname, '..');
const protoDir = join(top, 'proto');
const outDir = join(protoDir, 'gen');
const files = readdirSync(join(protoDir, 'liker/v1'))
  .filter((name) => name.endsWith('.proto'))
  .map((name) => `liker/v1/${name}`);

mkdirSync(outDir, { recursive: true });
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith('google/') ? target : join(protoDir, target));
root.loadSync(files, { keepCase: false, alternateCommentMode: false });
writeFileSync(join(outDir, 'liker.json'), JSON.stringify(root.toJSON({ keepComments: false })));
writeFileSync(join(outDir, 'client-codecs.ts'), clientCodecs(root, 'liker.v1'));
writeFileSync(
  join(outDir, 'daemon-codecs.ts'),
  daemonCodecs(root, 'liker.v1', {
    messages: ['ContainerStats', 'StatsSnapshot'],
    converted: ['GetContainerResponse'],
    enums: ['ContainerState'],
  }),
);

// The reflection service comes from another package.
const reflection = new protobuf.Root();
reflection.loadSync(
  join(top, 'node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto'),
);
writeFileSync(join(outDir, 'reflection-codecs.ts'), daemonCodecs(reflection, 'grpc.reflection.v1'));

// Reflection needs the compiler's own descriptors, since protobufjs does not keep which file defines a type, or which files
// it imports. All are built together, so that each file has the name that other clients expect.
const described = mkdtempSync(join(tmpdir(), 'liker-proto-'));
try {
  for (const name of ['google', 'liker'])
    cpSync(join(protoDir, name), join(described, name), { recursive: true });
  cpSync(join(top, 'node_modules/@grpc/reflection/build/proto/grpc'), join(described, 'grpc'), {
    recursive: true,
  });
  cpSync(join(top, 'node_modules/grpc-health-check/proto'), join(described, 'grpc'), { recursive: true });
  execFileSync(
    'buf',
    ['build', described, '--exclude-source-info', '-o', `${join(outDir, 'liker.binpb')}#format=binpb`],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
} finally {
  rmSync(described, { recursive: true });
}

execFileSync(
  'proto-loader-gen-types',
  [
    '--longs=Number',
    '--enums=String',
    '--defaults',
    '--oneofs',
    '--grpcLib=@grpc/grpc-js',
    '--importFileExtension=.ts',
    '--targetFileExtension=.ts',
    '--inputTemplate=%sInput',
    '--outputTemplate=%s',
    `--includeDirs=${protoDir}`,
    `--outDir=${outDir}/types`,
    ...files,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
