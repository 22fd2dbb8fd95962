/*
 * The libraries that do the work: libarchive reads and writes tar archives and compresses, libcrypto hashes. They are opened when the program
 * runs, so that neither is needed to build it, and a machine without them gets an error that says what to install.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include "problem.h"

struct archive;
struct archive_entry;
typedef ssize_t archive_reader (struct archive *, void *data, const void **block);
typedef ssize_t archive_writer (struct archive *, void *data, const void *bytes, size_t count);

/* archive_read(3), archive_entry(3): of libarchive 3, whose binary interface is the same since 2011. */
#define ARCHIVE_EOF 1
#define ARCHIVE_OK 0
#define ARCHIVE_WARN (-20)
#define ARCHIVE_FATAL (-30)
#define ARCHIVE_FORMAT_TAR 0x30000
#define ARCHIVE_FORMAT_RAW 0x90000
#define ARCHIVE_FILTER_GZIP 1
#define ARCHIVE_FILTER_BZIP2 2
#define ARCHIVE_FILTER_XZ 6
#define ARCHIVE_FILTER_ZSTD 14

#define ARCHIVE_FUNCTIONS(F)                                                                           \
  F (struct archive *, archive_read_new, (void))                                                       \
  F (int, archive_read_append_filter, (struct archive *, int))                                         \
  F (int, archive_read_set_format, (struct archive *, int))                                            \
  F (int, archive_read_open, (struct archive *, void *, void *, archive_reader *, void *))             \
  F (int, archive_read_next_header2, (struct archive *, struct archive_entry *))                       \
  F (int, archive_read_data_block, (struct archive *, const void **, size_t *, int64_t *))             \
  F (int, archive_read_free, (struct archive *))                                                       \
  F (int64_t, archive_filter_bytes, (struct archive *, int))                                           \
  F (const char *, archive_error_string, (struct archive *))                                           \
  F (struct archive *, archive_write_new, (void))                                                      \
  F (int, archive_write_add_filter_gzip, (struct archive *))                                           \
  F (int, archive_write_add_filter_zstd, (struct archive *))                                           \
  F (int, archive_write_set_options, (struct archive *, const char *))                                 \
  F (int, archive_write_set_format_raw, (struct archive *))                                            \
  F (int, archive_write_set_format_pax, (struct archive *))                                            \
  F (int, archive_write_set_bytes_per_block, (struct archive *, int))                                  \
  F (int, archive_write_set_bytes_in_last_block, (struct archive *, int))                              \
  F (int, archive_write_open, (struct archive *, void *, void *, archive_writer *, void *))            \
  F (int, archive_write_header, (struct archive *, struct archive_entry *))                            \
  F (ssize_t, archive_write_data, (struct archive *, const void *, size_t))                            \
  F (int, archive_write_finish_entry, (struct archive *))                                              \
  F (int, archive_write_close, (struct archive *))                                                     \
  F (struct archive_entry *, archive_entry_new, (void))                                                \
  F (const char *, archive_entry_pathname, (struct archive_entry *))                                   \
  F (const char *, archive_entry_symlink, (struct archive_entry *))                                    \
  F (const char *, archive_entry_hardlink, (struct archive_entry *))                                   \
  F (void, archive_entry_set_filetype, (struct archive_entry *, unsigned))                             \
  F (struct archive_entry *, archive_entry_clear, (struct archive_entry *))                            \
  F (void, archive_entry_set_pathname, (struct archive_entry *, const char *))                         \
  F (void, archive_entry_set_mode, (struct archive_entry *, mode_t))                                   \
  F (void, archive_entry_set_uid, (struct archive_entry *, int64_t))                                   \
  F (void, archive_entry_set_gid, (struct archive_entry *, int64_t))                                   \
  F (void, archive_entry_set_mtime, (struct archive_entry *, time_t, long))                            \
  F (void, archive_entry_set_size, (struct archive_entry *, int64_t))                                  \
  F (void, archive_entry_set_rdevmajor, (struct archive_entry *, dev_t))                               \
  F (void, archive_entry_set_rdevminor, (struct archive_entry *, dev_t))                               \
  F (void, archive_entry_set_symlink, (struct archive_entry *, const char *))                          \
  F (void, archive_entry_set_hardlink, (struct archive_entry *, const char *))                         \
  F (void, archive_entry_sparse_add_entry, (struct archive_entry *, int64_t, int64_t))                 \
  F (void, archive_entry_xattr_add_entry, (struct archive_entry *, const char *, const void *, size_t))\
  F (mode_t, archive_entry_mode, (struct archive_entry *))                                             \
  F (int64_t, archive_entry_uid, (struct archive_entry *))                                             \
  F (int64_t, archive_entry_gid, (struct archive_entry *))                                             \
  F (int64_t, archive_entry_size, (struct archive_entry *))                                            \
  F (time_t, archive_entry_mtime, (struct archive_entry *))                                            \
  F (long, archive_entry_mtime_nsec, (struct archive_entry *))                                         \
  F (dev_t, archive_entry_rdevmajor, (struct archive_entry *))                                         \
  F (dev_t, archive_entry_rdevminor, (struct archive_entry *))                                         \
  F (int, archive_entry_xattr_reset, (struct archive_entry *))                                         \
  F (int, archive_entry_xattr_next, (struct archive_entry *, const char **, const void **, size_t *))

#define DIGEST_FUNCTIONS(F)                                            \
  F (void *, EVP_MD_CTX_new, (void))                                   \
  F (const void *, EVP_sha256, (void))                                 \
  F (int, EVP_DigestInit_ex, (void *, const void *, void *))           \
  F (int, EVP_DigestUpdate, (void *, const void *, size_t))            \
  F (int, EVP_DigestFinal_ex, (void *, unsigned char *, unsigned *))

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a type, and a list of parameters */
#define LIBRARY_MEMBER(result, name, parameters) result (*name) parameters;
struct libraries {
  ARCHIVE_FUNCTIONS (LIBRARY_MEMBER)
  DIGEST_FUNCTIONS (LIBRARY_MEMBER)
};
#undef LIBRARY_MEMBER

/* -1 if one is missing. */
int load_libraries (struct libraries *libraries, struct problem *problem);
