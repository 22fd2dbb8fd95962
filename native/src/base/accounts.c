#include "accounts.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "cleanup.h"
#include "in_root.h"
#include "syscalls.h"

#define MOST_BYTES (64 << 20) /* a container must not keep the reader busy for ever */
#define COMPARED 256          /* a user is rarely in more groups, and a duplicate does no harm */
#define END (-1)              /* of the file, or of its readable part */

struct text {
  int file;
  off_t at, end;
  int error;
  size_t next, length;
  char buffer[8192];
};

/* Lines are read byte by byte. */
struct line {
  int last; /* ':', '\n' or END: what ended the last field */
  bool bad; /* the line has a NUL or an invalid number */
};

bool parse_id (const char *text, uint32_t *id) {
  uint64_t value = 0;
  size_t digits = strspn (text, "0123456789");
  if (digits < 1 || digits > 10 || text[digits])
    return false;
  for (const char *at = text; *at; at++)
    value = value * 10 + (uint64_t)(*at - '0');
  if (value >= UINT32_MAX)
    return false;
  *id = (uint32_t)value;
  return true;
}

/*
 * The type is checked before the file is opened for reading, because opening a device has side effects. No more is read than
 * st_size: files of procfs, which may block for ever, have 0.
 */
int accounts_open (int root, const char *path) {
  struct stat st;
  cleanup_fd int found = in_root_open (root, path, O_PATH);
  if (found < 0 || fstat (found, &st) < 0)
    return -1;
  if (!S_ISREG (st.st_mode))
    return failed (EINVAL);
  return in_root_open (root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

static int open_text (struct text *text, int file) {
  struct stat st;
  if (fstat (file, &st) < 0)
    return -1;
  if (!S_ISREG (st.st_mode))
    return failed (EINVAL);
  if (st.st_size > MOST_BYTES)
    return failed (EFBIG);
  text->file = file;
  text->at = 0;
  text->end = st.st_size;
  text->error = 0;
  text->next = text->length = 0;
  return 0;
}

static int next_byte (struct text *text) {
  if (text->next < text->length)
    return (unsigned char)text->buffer[text->next++];
  off_t left = text->end - text->at;
  size_t size = left < (off_t)sizeof text->buffer ? (size_t)left : sizeof text->buffer;
  ssize_t got = size ? RETRY (pread (text->file, text->buffer, size, text->at)) : 0;
  if (got <= 0) {
    text->error = got < 0 ? errno : 0;
    text->end = text->at;
    return END;
  }
  text->at += got;
  text->length = (size_t)got;
  text->next = 1;
  return (unsigned char)text->buffer[0];
}

/* Reads up to ':' or, in a list of members, ','. A field that does not fit into `out` becomes "". */
static void take (struct text *text, struct line *line, char *out, size_t size, bool in_list) {
  size_t length = 0;
  int byte;
  while ((byte = next_byte (text)) != END && byte != '\n' && byte != ':' && !(in_list && byte == ',')) {
    line->bad = line->bad || byte == '\0';
    if (length < size)
      out[length] = (char)byte;
    length++;
  }
  if (size)
    out[length < size ? length : 0] = '\0';
  line->last = byte;
}

/* The next field. A line without one is bad. */
static void take_field (struct text *text, struct line *line, char *out, size_t size) {
  if (line->last == ':')
    take (text, line, out, size, false);
  else
    line->bad = true;
}

static void take_id (struct text *text, struct line *line, uint32_t *id) {
  char digits[ACCOUNT_FIELD] = "";
  take_field (text, line, digits, sizeof digits);
  line->bad = line->bad || !parse_id (digits, id);
}

static void end_line (struct text *text, struct line *line) {
  while (line->last != END && line->last != '\n')
    take (text, line, NULL, 0, false);
}

/* Name and password: both files begin with them. False at the end of the file. */
static bool begin_line (struct text *text, struct line *line, char name[ACCOUNT_FIELD]) {
  *line = (struct line){ .last = ':' };
  take (text, line, name, ACCOUNT_FIELD, false);
  if (line->last == END && !*name)
    return false;
  line->bad = line->bad || !*name || *name == '#';
  take_field (text, line, NULL, 0);
  return true;
}

static int outcome (const struct text *text, int found) {
  return text->error ? failed (text->error) : found;
}

int passwd_find (int file, const char *name, uint32_t uid, struct account *found) {
  struct text text;
  struct line line;
  if (open_text (&text, file) < 0)
    return -1;
  while (begin_line (&text, &line, found->name)) {
    take_id (&text, &line, &found->uid);
    take_id (&text, &line, &found->gid);
    take_field (&text, &line, NULL, 0);
    take_field (&text, &line, found->home, sizeof found->home);
    end_line (&text, &line);
    if (!line.bad && (name ? !strcmp (found->name, name) : found->uid == uid))
      return outcome (&text, 1);
  }
  return outcome (&text, 0);
}

int group_find (int file, const char *name, uint32_t *gid) {
  struct text text;
  struct line line;
  char here[ACCOUNT_FIELD];
  if (open_text (&text, file) < 0)
    return -1;
  while (begin_line (&text, &line, here)) {
    take_id (&text, &line, gid);
    end_line (&text, &line);
    if (!line.bad && !strcmp (here, name))
      return outcome (&text, 1);
  }
  return outcome (&text, 0);
}

static bool is_blank (char byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

/* Reads one name in a list of members, without blanks around it. */
static bool is_member (struct text *text, struct line *line, const char *member) {
  char here[ACCOUNT_FIELD];
  take (text, line, here, sizeof here, true);
  const char *start = here;
  while (is_blank (*start))
    start++;
  size_t length = strlen (start);
  while (length && is_blank (start[length - 1]))
    length--;
  return length == strlen (member) && !memcmp (start, member, length);
}

bool gids_add (struct gids *gids, uint32_t gid) {
  for (size_t i = 0; i < gids->count && i < COMPARED; i++)
    if (gids->list[i] == gid)
      return true;
  if (gids->count == gids->most)
    return false;
  gids->list[gids->count++] = gid;
  return true;
}

int groups_of (int file, const char *member, struct gids *gids) {
  struct text text;
  struct line line;
  char name[ACCOUNT_FIELD];
  uint32_t gid = 0;
  if (open_text (&text, file) < 0)
    return -1;
  while (begin_line (&text, &line, name)) {
    take_id (&text, &line, &gid);
    bool found = false;
    for (bool more = line.last == ':'; more; more = line.last == ',')
      found = is_member (&text, &line, member) || found;
    end_line (&text, &line);
    if (found && !line.bad && !gids_add (gids, gid))
      return failed (E2BIG);
  }
  return outcome (&text, 1);
}
