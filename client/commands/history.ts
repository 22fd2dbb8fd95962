import { familiar } from '../../common/image-name.ts';
import { formatBytes, humanDuration } from '../../common/units.ts';
import type { ImageHistoryEntry } from '../../proto/gen/types/liker/v1/ImageHistoryEntry.ts';
import type { Command } from '../cli/command.ts';
import { images } from '../connection/methods.ts';
import { ellipsis } from '../format/ellipsis.ts';
import { shortImageId } from '../format/image-name.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { rfc3339, toMs } from '../format/timestamp.ts';
import { printRows } from '../output/print.ts';

const commandWidth = 45;

export const history: Command = {
  name: 'history',
  usage: 'IMAGE',
  summary: 'Show the steps by which an image was made',
  example: 'likerctl history --no-trunc debian',
  flags: [
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.CreatedBy}}'",
    },
    {
      name: 'human',
      short: 'H',
      type: 'bool',
      fallback: 'true',
      help: 'Print sizes and times for people; false: bytes, and times of RFC 3339',
    },
    { name: 'no-trunc', type: 'bool', help: 'Do not shorten commands and ids' },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Print only ids' },
  ],
  operands: [1, 1],
  async run({ flags, operands: [image = ''], context }) {
    const { entries } = await (await context.connect()).unary(images.GetImageHistory, { image });
    const options = {
      truncate: !flags.bool('no-trunc'),
      human: flags.bool('human', true),
      nowMs: Date.now(),
    };
    const rows = entries.map((entry) => historyRow(entry, options));
    const format = flags.text('format') ?? '';
    const isQuiet = flags.bool('quiet') && format === '';
    printRows(isQuiet ? rows.map(({ ID }) => ID) : formatList(rows, format, layout));
    return 0;
  },
};

const layout: ListLayout = {
  table: '{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}',
  headings: { ID: 'IMAGE', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT', CreatedBy: 'CREATED BY' },
};

interface RowOptions {
  readonly truncate: boolean;
  readonly human: boolean;
  readonly nowMs: number;
}

/** A step, with Docker's fields. */
function historyRow(entry: ImageHistoryEntry, { truncate, human, nowMs }: RowOptions) {
  const { imageId, createdAt, createdBy, sizeBytes, comment, names } = entry;
  const created = toMs(createdAt);
  const since = created === undefined ? 'N/A' : `${humanDuration(nowMs - created)} ago`;
  const command = createdBy.replaceAll('\t', ' ');
  return {
    ID: imageId === '' ? '<missing>' : truncate ? shortImageId(imageId) : imageId,
    CreatedSince: human ? since : rfc3339(createdAt),
    CreatedAt: rfc3339(createdAt),
    CreatedBy: truncate ? ellipsis(command, commandWidth) : command,
    Size: human ? formatBytes(sizeBytes) : String(sizeBytes),
    Comment: comment,
    Tags: names.map(familiar).join(', '),
  };
}
