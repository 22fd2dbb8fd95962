import { badArgument } from '../../common/errors.ts';
import type { Image } from '../../proto/gen/types/liker/v1/Image.ts';
import type { ListImagesRequestInput } from '../../proto/gen/types/liker/v1/ListImagesRequest.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { Connection } from '../connection/connection.ts';
import { images as imageService } from '../connection/methods.ts';
import { imageRows } from '../format/image-row.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { printRows } from '../output/print.ts';
import { parseFilters } from './filters.ts';

const pageSize = 1000;

export const images: Command = {
  name: 'images',
  usage: '[REPOSITORY[:TAG]]',
  summary: 'List images',
  example: 'likerctl images --filter dangling=true -q',
  flags: [
    {
      name: 'all',
      short: 'a',
      type: 'bool',
      help: 'Accepted without effect: there are no intermediate images',
    },
    { name: 'digests', type: 'bool', help: 'Show digests' },
    {
      name: 'filter',
      short: 'f',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching images, by reference, dangling, label, label!, id, before, since or until',
    },
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      help: "json, table TEMPLATE, or a template such as '{{.Repository}}:{{.Tag}}'",
    },
    { name: 'no-trunc', type: 'bool', help: 'Do not shorten ids' },
    { name: 'quiet', short: 'q', type: 'bool', help: 'Print only ids' },
  ],
  operands: [0, 1],
  run: listImages,
};

const headings = { ID: 'IMAGE ID', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' };
const table = '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}';
const layout: ListLayout = { headings, table };
const layoutWithDigests: ListLayout = { headings, table: table.replace('{{.ID}}', '{{.Digest}}\t{{.ID}}') };

async function listImages({ flags, operands, context }: Invocation): Promise<number> {
  const [pattern] = operands;
  const filters = parseFilters(flags.list('filter'));
  if (pattern !== undefined && filters.some(({ key }) => key === 'reference'))
    throw badArgument('filters', `Cannot use '${pattern}' together with --filter reference`);
  if (pattern !== undefined) filters.push({ key: 'reference', value: pattern });
  const found = await fetchImages(await context.connect(), { filters });
  const digests = flags.bool('digests');
  const options = { truncate: !flags.bool('no-trunc'), digests, nowMs: Date.now() };
  const rows = found.flatMap((image) => imageRows(image, options));
  const format = flags.text('format') ?? '';
  const isQuiet = flags.bool('quiet') && format === '';
  printRows(
    isQuiet ? rows.map(({ ID }) => ID) : formatList(rows, format, digests ? layoutWithDigests : layout),
  );
  return 0;
}

/** The images from all pages of the list. */
export async function fetchImages(
  connection: Connection,
  request: Pick<ListImagesRequestInput, 'filters'>,
): Promise<Image[]> {
  const found: Image[] = [];
  let pageToken = '';
  do {
    const page = await connection.unary(imageService.ListImages, { ...request, pageSize, pageToken });
    found.push(...page.images);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return found;
}
