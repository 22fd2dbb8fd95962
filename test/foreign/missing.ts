import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian's interpreter, since another one in the PATH does not have the packages. */
export const python = '/usr/bin/python3';

/** Why stubs for Python cannot be generated and used here, or false. */
export function missingForPython(): string | false {
  if (spawnSync(python, ['-c', 'import grpc, google.protobuf']).status !== 0) return 'needs python3-grpcio';
  if (spawnSync('protoc', ['--version']).status !== 0) return 'needs protobuf-compiler';
  if (!existsSync('/usr/bin/grpc_python_plugin')) return 'needs protobuf-compiler-grpc';
  if (!existsSync('/usr/include/google/protobuf/timestamp.proto')) return 'needs libprotobuf-dev';
  return false;
}
