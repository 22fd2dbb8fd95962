#include "line.h"
#include <string.h>
#include "values.h"

struct reader {
  struct line *line;
  const struct flag_list *list;
  /* By the first row of the flag. */
  bool given[MOST_FLAGS];
};

static bool has_name (const struct flag *flag, const char *name, size_t length) {
  for (size_t i = 0; i < sizeof flag->names / sizeof *flag->names; i++)
    if (flag->names[i] && strlen (flag->names[i]) == length && !memcmp (flag->names[i], name, length))
      return true;
  return false;
}

static const struct flag *find_name (const struct flag_list *list, const char *name, size_t length) {
  for (size_t i = 0; i < list->count; i++)
    if (has_name (&list->flags[i], name, length))
      return &list->flags[i];
  return NULL;
}

static const struct flag *find_letter (const struct flag_list *list, char letter) {
  for (size_t i = 0; i < list->count; i++)
    if (list->flags[i].letter && list->flags[i].letter == letter)
      return &list->flags[i];
  return NULL;
}

static const struct flag *find_word (const struct flag_list *list, const char *name, const char *word) {
  for (size_t i = 0; i < list->count; i++)
    if (!strcmp (list->flags[i].names[0], name) && !strcmp (list->flags[i].word, word))
      return &list->flags[i];
  return NULL;
}

static bool has_value (const struct flag *flag) {
  return flag->kind > FLAG_TTY;
}

static bool is_repeatable (const struct flag *flag) {
  return flag->kind >= FLAG_LIST && flag->kind <= FLAG_MOUNT;
}

/* Of the other flags the last one counts; that is left to the TypeScript client. */
static bool is_first (struct reader *reader, const struct flag *flag) {
  bool *given = &reader->given[flag - reader->list->flags];
  bool is_first = !*given || is_repeatable (flag);
  *given = true;
  return is_first;
}

static bool take_switch (struct reader *reader, const struct flag *flag) {
  struct line *line = reader->line;
  if (!is_first (reader, flag))
    return false;
  line->forwards_stdin |= flag->kind == FLAG_STDIN;
  line->tty |= flag->kind == FLAG_TTY;
  builder_at (&line->message, &flag->place);
  return true;
}

/* `attached`: NULL if the value is the next word. */
static bool take_value (struct reader *reader, const struct flag *flag, const char *attached) {
  struct line *line = reader->line;
  const char *value = attached ? attached : *line->words++;
  if (!value || !*value || !is_first (reader, flag))
    return false;
  if (flag->kind == FLAG_HOST) {
    bool is_only = !line->host;
    line->host = value;
    return is_only;
  }
  if (flag->kind == FLAG_WORD)
    flag = find_word (reader->list, flag->names[0], value);
  return flag && put_flag_value (&line->message, flag, value);
}

static bool read_long (struct reader *reader, const char *name) {
  size_t length = strcspn (name, "=");
  const char *attached = name[length] ? name + length + 1 : NULL;
  const struct flag *flag = find_name (reader->list, name, length);
  if (!flag)
    return false;
  return has_value (flag) ? take_value (reader, flag, attached) : !attached && take_switch (reader, flag);
}

/* A group: a flag that takes a value takes the rest of it. */
static bool read_letters (struct reader *reader, const char *letters) {
  while (*letters) {
    const struct flag *flag = find_letter (reader->list, *letters++);
    if (!flag)
      return false;
    if (has_value (flag))
      return take_value (reader, flag, *letters ? letters + (*letters == '=') : NULL);
    if (!take_switch (reader, flag))
      return false;
  }
  return true;
}

bool read_flags (struct line *line, const struct flag_list *list) {
  struct reader reader = { .line = line, .list = list };
  while (*line->words) {
    const char *word = *line->words;
    if (word[0] != '-' || !word[1])
      return true;
    line->words++;
    if (!strcmp (word, "--"))
      return true;
    if (!(word[1] == '-' ? read_long (&reader, word + 2) : read_letters (&reader, word + 1)))
      return false;
  }
  return true;
}
