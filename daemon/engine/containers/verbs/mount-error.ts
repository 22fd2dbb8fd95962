import { errnoName } from '../../../../common/errno.ts';
import { LikerError, type Reason } from '../../../../common/errors.ts';
import { reasonOfErrno, remedyOf } from '../../../../common/exhausted.ts';
import { own } from '../../../../common/own.ts';
import type { StartFailure } from '../../../kernel/process/reports.ts';
import type { Container } from '../model/container.ts';

type Explain = (object: string) => readonly [reason: Reason, why: string];

/** Where an errno alone would mislead, by the call that said so. */
const explanations: Readonly<Record<string, Explain>> = {
  'move_mount EBUSY': (object) => [
    'WRONG_STATE',
    `something is mounted at '${object}' already, and would be hidden; choose another target, or unmount that first`,
  ],
  'umount2 EBUSY': (object) => [
    'WRONG_STATE',
    `'${object}' is in use: a program works in it, or has a file of it open; end that first, or use --lazy`,
  ],
  'umount2 EINVAL': () => ['WRONG_STATE', 'it is no mount of its own in the container'],
  'move_mount ENOTDIR': () => ['BAD_ARGUMENT', 'the source is a folder, and the target a file'],
  'move_mount EISDIR': () => ['BAD_ARGUMENT', 'the source is a file, and the target a folder'],
  'openat2 ENOENT': (object) => ['BAD_ARGUMENT', `there is no '${object}' in the source`],
  'openat2 ELOOP': (object) => [
    'BAD_ARGUMENT',
    `'${object}' has a link on its way that leads nowhere, or may not be followed`,
  ],
  'openat2 ENOTDIR': fileOnTheWay,
  ...ofTarget('ENOTDIR', fileOnTheWay),
  ...ofTarget('ELOOP', (object) => ['BAD_ARGUMENT', `the links on the way to '${object}' go in circles`]),
  ...ofTarget('ENAMETOOLONG', () => ['BAD_ARGUMENT', 'the target is too long, or a name in it']),
  ...ofTarget('EROFS', () => [
    'BAD_ARGUMENT',
    'the target does not exist, and the file system that it would be made in is read-only',
  ]),
  'pidfd_open ESRCH': () => ['WRONG_STATE', 'it has ended meanwhile'],
  'setns ESRCH': () => ['WRONG_STATE', 'it has ended meanwhile'],
};

/** The error of a mount in a running container. `what`: up to the container, as in "unmount '/data' in". */
export function mountError(
  what: string,
  { id, name }: Pick<Container, 'id' | 'name'>,
  { step, syscall, errno: number, object }: StartFailure,
): LikerError {
  const errno = errnoName(number);
  const call = { step, syscall, errno, object };
  const known = own(explanations, `${syscall} ${errno}`)?.(object);
  const remedy = remedyOf(errno);
  const words = `step '${step}' failed${object === '' ? '' : ` on '${object}'`}: ${syscall}: ${errno}`;
  const why = known ? `${known[1]} (${syscall}: ${errno})` : `${words}${remedy ? ` (${remedy})` : ''}`;
  return new LikerError(known?.[0] ?? reasonOfErrno(errno), `Cannot ${what} container '${name}': ${why}`, {
    syscall: call,
    metadata: { ...call, container: id },
  });
}

function fileOnTheWay(object: string): ReturnType<Explain> {
  return ['BAD_ARGUMENT', `a part of '${object}' is no folder`];
}

/** Of the calls that make a target: a folder, or a file. */
function ofTarget(errno: string, explain: Explain): Record<string, Explain> {
  return { [`mkdirat ${errno}`]: explain, [`openat ${errno}`]: explain };
}
