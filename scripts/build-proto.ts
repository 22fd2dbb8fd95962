// Compiles proto/ to one JSON descriptor (parsing .proto files at every start would cost tens of milliseconds)
// and to TypeScript types.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
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

// For reflection: protobufjs forgets which file defines what, and which imports which. Sets of descriptors one after
// the other are one set.
const described = [protoDir, join(top, 'node_modules/grpc-health-check/proto')];
const sets = described.map((folder) =>
  execFileSync('buf', ['build', folder, '--exclude-source-info', '-o', '-'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  }),
);
writeFileSync(join(outDir, 'liker.binpb'), Buffer.concat(sets));

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
