import type { Mount } from '../../proto/gen/types/liker/v1/Mount.ts';
import type { Command } from '../cli/command.ts';
import { containers } from '../connection/methods.ts';
import { enumWord } from '../format/enum-word.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { mountOptions } from '../format/mount-record.ts';

import { printRows } from '../output/print.ts';

export const mountLs: Command = {
  name: 'mount ls',
  usage: 'CONTAINER',
  summary: 'List the mounts of a container',
  example: 'likerctl mount ls web',
  flags: [
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Target}}'",
    },
  ],
  operands: [1, 1],
  async run({ flags, operands, context }) {
    const [container = ''] = operands;
    const connection = await context.connect();
    const answer = await connection.unary(containers.GetContainer, { container, withSize: false });
    const rows = (answer.container?.spec?.mounts ?? []).map(mountRow);
    printRows(formatList(rows, flags.text('format') ?? '', mountLayout));
    return 0;
  },
};

const mountLayout: ListLayout = {
  table: '{{.Type}}\t{{.Source}}\t{{.Target}}\t{{.Options}}',
  headings: {},
};

function mountRow(mount: Mount): Record<string, string> {
  return {
    Type: enumWord(mount.type, 'TYPE_'),
    Source: mount.source,
    Target: mount.target,
    Options: mountOptions(mount),
  };
}
