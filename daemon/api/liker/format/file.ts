import type { FileInput } from '../../../../proto/gen/types/liker/v1/File.ts';
import type { FileFacts } from '../../../engine/files/api.ts';

export function formatFile({ mode, size, seconds, nanoseconds, uid, gid, target }: FileFacts): FileInput {
  return {
    mode,
    sizeBytes: size,
    modifiedAt: { seconds, nanos: nanoseconds },
    uid,
    gid,
    ...(target !== null && { target }),
  };
}
