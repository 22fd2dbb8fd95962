#include "encoder.h"
#include <sys/stat.h>

/* libarchive's names and levels; the header of gzip has neither a time nor a name. */
static const char *const options[] = {
  [COMPRESSION_GZIP] = "gzip:compression-level=6,gzip:!timestamp",
  [COMPRESSION_ZSTD] = "zstd:compression-level=3",
};

static ssize_t take (struct archive *archive, void *data, const void *bytes, size_t count) {
  (void)archive;
  const struct encoder *encoder = data;
  return encoder->put (encoder->data, bytes, count) < 0 ? -1 : (ssize_t)count;
}

static int failed_to_encode (const struct encoder *encoder) {
  const char *why = encoder->archive ? encoder->libraries->archive_error_string (encoder->archive) : NULL;
  return problem_put (encoder->problem, WRITE_FAILED, "", "Cannot compress the archive: %s", why ? why : "out of memory");
}

static int add_filter (const struct encoder *encoder, enum compression compression) {
  const struct libraries *libraries = encoder->libraries;
  int result = compression == COMPRESSION_GZIP ? libraries->archive_write_add_filter_gzip (encoder->archive)
                                               : libraries->archive_write_add_filter_zstd (encoder->archive);
  /* A warning means that it would start a program for it. */
  if (result != ARCHIVE_OK)
    return problem_put (encoder->problem, UNSUPPORTED, "", "Cannot compress the archive: this machine's libarchive cannot write %s",
                        compression == COMPRESSION_GZIP ? "gzip" : "zstd");
  return 0;
}

/* One raw entry, with no padding after it. */
static int open_archive (struct encoder *encoder, enum compression compression) {
  const struct libraries *libraries = encoder->libraries;
  struct archive *archive = encoder->archive;
  struct archive_entry *entry = libraries->archive_entry_new ();
  if (!entry)
    return failed_to_encode (encoder);
  libraries->archive_entry_set_filetype (entry, S_IFREG);
  if (libraries->archive_write_set_format_raw (archive) != ARCHIVE_OK ||
      libraries->archive_write_set_options (archive, options[compression]) != ARCHIVE_OK ||
      libraries->archive_write_set_bytes_in_last_block (archive, 1) != ARCHIVE_OK ||
      libraries->archive_write_open (archive, encoder, NULL, take, NULL) != ARCHIVE_OK ||
      libraries->archive_write_header (archive, entry) != ARCHIVE_OK)
    return failed_to_encode (encoder);
  return 0;
}

int encoder_begin (struct encoder *encoder, enum compression compression) {
  if (compression == COMPRESSION_NONE)
    return 0;
  encoder->archive = encoder->libraries->archive_write_new ();
  if (!encoder->archive)
    return failed_to_encode (encoder);
  return add_filter (encoder, compression) < 0 ? -1 : open_archive (encoder, compression);
}

int encoder_put (struct encoder *encoder, const void *bytes, size_t count) {
  if (!encoder->archive)
    return encoder->put (encoder->data, bytes, count);
  return encoder->libraries->archive_write_data (encoder->archive, bytes, count) == (ssize_t)count ? 0 : failed_to_encode (encoder);
}

int encoder_end (struct encoder *encoder) {
  if (encoder->archive && encoder->libraries->archive_write_close (encoder->archive) != ARCHIVE_OK)
    return failed_to_encode (encoder);
  return 0;
}
