import type { Command } from '../cli/command.ts';
import type { Flag } from '../cli/flag.ts';
import { UsageError } from '../cli/usage-error.ts';
import { containers } from '../connection/methods.ts';
import { notice } from '../output/notice.ts';
import { printLines } from '../output/print.ts';
import { mountFlags } from '../request/mount-flags.ts';
import { parseMounts } from '../request/mounts.ts';
import { newRequestId } from '../request/request-id.ts';
import { haveImage, pullFlags } from './needed-image.ts';

const flags: readonly Flag[] = [...mountFlags, ...pullFlags];

export const mountAdd: Command = {
  name: 'mount add',
  usage: 'CONTAINER -v|--mount|--tmpfs …',
  summary: 'Mount something in a container, at once if it is running, and at each of its starts',
  example: 'likerctl mount add web -v /srv/www:/www:ro',
  flags,
  operands: [1, 1],
  async run({ flags, operands, context }) {
    const [container = ''] = operands;
    const mounts = parseMounts(flags);
    if (mounts.length === 0) throw new UsageError('mount add', 'requires --volume, --mount or --tmpfs');
    const connection = await context.connect();
    for (const mount of mounts) {
      if (mount.type === 'TYPE_IMAGE') await haveImage(connection, mount.source ?? '', flags, '');
      const request = { container, mount, requestId: newRequestId() };
      const { warnings } = await connection.unary(containers.AddMount, request);
      for (const warning of warnings) notice(warning);
      printLines([mount.target ?? '']);
    }
    return 0;
  },
};
