import type { ContainerSpec, ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { ProcessSpec, ProcessSpecInput } from '../../proto/gen/types/liker/v1/ProcessSpec.ts';
import { v1 } from '../../test/harness/services.ts';

const create = v1.ContainerService.service.CreateContainer;
const exec = v1.SessionService.service.ExecSync;

/** A complete spec as it comes off the wire, changed by `patch`. */
export function wireSpec(patch: ContainerSpecInput = {}): ContainerSpec {
  const spec = { rootfs: { directory: '/' }, process: { args: ['true'] }, ...patch };
  const read = create.requestDeserialize(create.requestSerialize({ spec }));
  if (read.spec === null) throw new Error('no spec came back');
  return read.spec;
}

/** A process as it comes off the wire. */
export function wireProcess(process: ProcessSpecInput): ProcessSpec {
  const read = exec.requestDeserialize(exec.requestSerialize({ process }));
  if (read.process === null) throw new Error('no process came back');
  return read.process;
}
