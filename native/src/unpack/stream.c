#include "stream.h"
#include <string.h>

struct compression {
  const char *name;
  int filter;
  uint8_t size, magic[6];
};

static const struct compression compressions[] = {
  { "gzip", ARCHIVE_FILTER_GZIP, 2, { 0x1f, 0x8b } },
  { "zstd", ARCHIVE_FILTER_ZSTD, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
  { "xz", ARCHIVE_FILTER_XZ, 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
  { "bzip2", ARCHIVE_FILTER_BZIP2, 3, { 'B', 'Z', 'h' } },
};

static const struct compression *compression_of (const void *bytes, size_t count) {
  for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++)
    if (count >= compressions[i].size && !memcmp (bytes, compressions[i].magic, compressions[i].size))
      return &compressions[i];
  return NULL;
}

static ssize_t next_of_source (struct stream *stream, const void **block) {
  if (!stream->first_count)
    return source_read (stream->source, block);
  *block = stream->first;
  ssize_t count = (ssize_t)stream->first_count;
  stream->first_count = 0;
  return count;
}

static ssize_t feed (struct archive *decoder, void *data, const void **block) {
  (void)decoder;
  return next_of_source (data, block);
}

static int bad_compression (struct stream *stream) {
  const char *why = stream->libraries->archive_error_string (stream->decoder);
  return problem_put (stream->problem, BAD_ARCHIVE, "", "Cannot decompress the layer (%s): %s", stream->compression,
                      why ? why : "its data is damaged");
}

static int begin_decoder (struct stream *stream, const struct compression *compression) {
  const struct libraries *libraries = stream->libraries;
  struct archive *decoder = stream->decoder = libraries->archive_read_new ();
  struct archive_entry *entry = libraries->archive_entry_new ();
  if (!decoder || !entry)
    return problem_put (stream->problem, WRITE_FAILED, "", "Cannot decompress the layer: out of memory");
  if (libraries->archive_read_append_filter (decoder, compression->filter) != ARCHIVE_OK)
    return problem_put (stream->problem, UNSUPPORTED, "", "Cannot decompress the layer: this machine's libarchive does not know %s",
                        compression->name);
  if (libraries->archive_read_set_format (decoder, ARCHIVE_FORMAT_RAW) != ARCHIVE_OK ||
      libraries->archive_read_open (decoder, stream, NULL, feed, NULL) != ARCHIVE_OK ||
      libraries->archive_read_next_header2 (decoder, entry) < ARCHIVE_WARN)
    return bad_compression (stream);
  return 0;
}

int stream_begin (struct stream *stream) {
  ssize_t count = source_read (stream->source, &stream->first);
  if (count < 0)
    return -1;
  stream->first_count = (size_t)count;
  const struct compression *compression = compression_of (stream->first, stream->first_count);
  stream->compression = compression ? compression->name : "none";
  return compression ? begin_decoder (stream, compression) : 0;
}

static ssize_t next_block (struct stream *stream, const void **block) {
  if (!stream->decoder)
    return next_of_source (stream, block);
  size_t count = 0;
  int64_t offset;
  int result = stream->libraries->archive_read_data_block (stream->decoder, block, &count, &offset);
  if (result == ARCHIVE_EOF)
    return source_drain (stream->source);
  return result < ARCHIVE_WARN ? bad_compression (stream) : (ssize_t)count;
}

static void put_progress (void *data) {
  const struct stream *stream = data;
  report_progress (stream->report, stream->source->read, stream->count);
}

/* No line comes after that of the problem. */
static void tell_progress (struct stream *stream) {
  if (report_is_due (&stream->reported_at))
    unless_problem (stream->problem, put_progress, stream);
}

ssize_t stream_read (struct stream *stream, const void **block) {
  ssize_t count = next_block (stream, block);
  if (count <= 0)
    return count;
  stream->count += (uint64_t)count;
  if (stream->count > stream->most)
    return problem_put (stream->problem, TOO_BIG, "", "Cannot unpack the layer: it has more than %llu bytes when uncompressed",
                        (unsigned long long)stream->most);
  if (stream->decoder)
    digest_add (&stream->digest, *block, (size_t)count);
  tell_progress (stream);
  return count;
}

ssize_t stream_read_to (struct stream *stream, uint8_t *there, size_t room, const void **block) {
  if (!stream->decoder && !stream->first_count)
    source_place (stream->source, there, room);
  return stream_read (stream, block);
}

void stream_digests (struct stream *stream, uint8_t packed[DIGEST_SIZE], uint8_t plain[DIGEST_SIZE]) {
  digest_end (&stream->source->digest, packed);
  if (stream->decoder)
    digest_end (&stream->digest, plain);
  else
    memcpy (plain, packed, DIGEST_SIZE);
}
