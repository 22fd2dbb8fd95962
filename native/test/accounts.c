/*
 * accounts ROUNDS: builds passwd and group files from random pieces, some of them after text that fills the reader's
 * buffer. The reader must find exactly the entries that a simple parser finds in the same text.
 */
#include "base/accounts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const pieces[] = { "root", "web", "web", ":", ":", ":", ":", ":", ":", "x", "0", "1000", "-1", " ", ",",
                                      "\n", "\n", "\n", "#", "4294967295", "4294967296", "\r", "/", "web:x:7:8::/home:", "g:x:9:web" };
#define PIECES (sizeof pieces / sizeof *pieces)
#define TEXT_BYTES 20000

static unsigned seed = 42;
static unsigned draw (unsigned below) {
  seed = seed * 1103515245u + 12345u;
  return (seed >> 16) % below;
}

static size_t make_text (char *text) {
  size_t length = 0;
  if (draw (2)) { /* the rest crosses the end of the first buffer */
    length = 8192 - draw (80);
    memset (text, draw (2) ? 'y' : '#', length);
    if (draw (4))
      text[length++] = '\n';
  }
  for (unsigned count = draw (60); count--;) {
    const char *piece = pieces[draw (PIECES)];
    memcpy (text + length, piece, strlen (piece));
    length += strlen (piece);
    if (!draw (100))
      text[length++] = '\0';
  }
  return length;
}

/* Splits the line at `*at` into fields and moves on. 0 fields for a line with a NUL. */
static size_t split (char **at, char *end, char *fields[], size_t most) {
  char *line = *at, *stop = memchr (line, '\n', (size_t)(end - line));
  if (!stop)
    stop = end;
  *at = stop + (stop < end);
  bool bad = memchr (line, '\0', (size_t)(stop - line));
  *stop = '\0';
  size_t count = 0;
  for (char *field; (field = strsep (&line, ":")) && count < most;)
    fields[count++] = field;
  return bad || !*fields[0] || *fields[0] == '#' ? 0 : count;
}

static bool plain_passwd (char *text, size_t size, uint32_t *uid, uint32_t *gid) {
  char *fields[9];
  for (char *at = text; at < text + size;) {
    size_t count = split (&at, text + size, fields, 9);
    if (count >= 6 && parse_id (fields[2], uid) && parse_id (fields[3], gid) && !strcmp (fields[0], "web"))
      return true;
  }
  return false;
}

static size_t plain_groups (char *text, size_t size, struct gids *gids) {
  char *fields[9];
  uint32_t gid;
  for (char *at = text; at < text + size;) {
    size_t count = split (&at, text + size, fields, 9);
    if (count < 4 || strlen (fields[0]) >= ACCOUNT_FIELD || !parse_id (fields[2], &gid))
      continue;
    for (char *list = fields[3], *member; (member = strsep (&list, ","));) {
      member += strspn (member, " \t\r");
      for (size_t length = strlen (member); length && strchr (" \t\r", member[length - 1]);)
        member[--length] = '\0';
      if (!strcmp (member, "web"))
        gids_add (gids, gid);
    }
  }
  return gids->count;
}

static void fail (const char *what, unsigned round) {
  printf ("round %u: %s\n", round, what);
  exit (1);
}

static void try_text (unsigned round) {
  static char text[TEXT_BYTES], copy[TEXT_BYTES];
  size_t size = make_text (text);
  int file = memfd_create ("accounts", 0);
  if (file < 0 || write (file, text, size) != (ssize_t)size)
    fail ("memfd", round);
  struct account account;
  uint32_t uid = 0, gid = 0, list[2][64];
  int found = passwd_find (file, "web", 0, &account);
  memcpy (copy, text, size);
  copy[size] = '\0';
  if (found < 0 || found != plain_passwd (copy, size, &uid, &gid))
    fail ("passwd", round);
  if (found && (account.uid != uid || account.gid != gid || strcmp (account.name, "web")))
    fail ("account", round);
  struct gids gids = { list[0], 0, 64 }, plain = { list[1], 0, 64 };
  if (groups_of (file, "web", &gids) < 0)
    fail ("groups", round);
  memcpy (copy, text, size);
  copy[size] = '\0';
  if (gids.count != plain_groups (copy, size, &plain) || memcmp (list[0], list[1], gids.count * sizeof **list))
    fail ("members", round);
  close (file);
}

int main (int argc, char **argv) {
  unsigned rounds = argc > 1 ? (unsigned)atoi (argv[1]) : 1;
  for (unsigned round = 0; round < rounds; round++)
    try_text (round);
  return 0;
}
