#include "values.h"
#include <string.h>
#include "paths.h"

#define MOST_DIGITS 9
#define MOST_BYTES (1ull << 53)
#define CPU_UNITS 100000u
#define MOST_CPUS 999999u

/* A number without leading zeros; *end is behind it. 0: it is none, or too long. */
static uint64_t read_number (const char *text, const char **end) {
  size_t digits = strspn (text, "0123456789");
  uint64_t number = 0;
  *end = text + digits;
  if (digits > MOST_DIGITS || *text == '0')
    return 0;
  for (size_t i = 0; i < digits; i++)
    number = number * 10 + (uint64_t)(text[i] - '0');
  return number;
}

/* 0: only the TypeScript client can read it. */
static uint64_t read_size (const char *text) {
  static const char units[] = "bkmg";
  const char *unit;
  uint64_t number = read_number (text, &unit);
  if (!*unit)
    return number;
  const char *known = strchr (units, *unit | 0x20);
  if (unit[1] || !known)
    return 0;
  uint64_t size = number << (10 * (known - units));
  return size < MOST_BYTES ? size : 0;
}

static uint64_t read_cpus (const char *text) {
  const char *end = text + 1;
  uint64_t cpus = *text == '0' ? 0 : read_number (text, &end);
  uint64_t value = cpus * CPU_UNITS;
  if (cpus > MOST_CPUS)
    return 0;
  if (!*end)
    return value;
  if (*end++ != '.' || !*end || end[strspn (end, "0123456789")] || strlen (end) > 2 || (!cpus && *text != '0'))
    return 0;
  for (uint64_t unit = CPU_UNITS / 10; *end; unit /= 10)
    value += unit * (uint64_t)(*end++ - '0');
  return value;
}

static bool put_positive (struct builder *builder, const struct place *place, uint64_t number) {
  if (number)
    put_number_field (builder_at (builder, place), place->tag, number);
  return number;
}

static bool put_whole (struct builder *builder, const struct place *place, const char *value) {
  const char *end;
  uint64_t number = read_number (value, &end);
  return !*end && put_positive (builder, place, number);
}

/* JavaScript has no entry of this name in an object. */
static bool is_lost (const char *name, size_t length) {
  static const char lost[] = "__proto__";
  return length == sizeof lost - 1 && !memcmp (name, lost, length);
}

static void put_nested (struct builder *builder, const struct place *place, struct buffer *message) {
  put_field (builder_at (builder, place), place->tag, message->data, message->length);
  buffer_free (message);
}

static bool put_entry (struct builder *builder, const struct place *place, const char *value) {
  size_t length = strcspn (value, "=");
  const char *text = value[length] ? value + length + 1 : "";
  if (!length || is_lost (value, length))
    return false;
  struct buffer entry = { 0 };
  put_field (&entry, BYTES_TAG (1), value, length);
  put_field (&entry, BYTES_TAG (2), text, strlen (text));
  put_nested (builder, place, &entry);
  return true;
}

/* The name of a volume is as likerd wants it; it says what is wrong with others. */
static bool is_volume_name (const char *name, size_t length) {
  static const char in_names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return length && *name != '.' && strspn (name, in_names) >= length;
}

static bool put_mount (struct builder *builder, const struct place *place, const char *value) {
  size_t source = strcspn (value, ":");
  const char *target = value + source + (value[source] == ':');
  size_t length = strcspn (target, ":");
  const char *option = target + length;
  bool is_read_only = !strcmp (option, ":ro"), is_path = is_clean_path (value, source);
  if (*target != '/' || (*option && !is_read_only && strcmp (option, ":rw") != 0))
    return false;
  if (!is_path && !is_volume_name (value, source))
    return false;
  const struct mount_template *mount = &mount_templates[is_path ? MOUNT_PATH : MOUNT_VOLUME][is_read_only];
  struct buffer fields = { 0 };
  put_bytes (&fields, mount->head.data, mount->head.length);
  put_field (&fields, BYTES_TAG (2), value, source);
  put_field (&fields, BYTES_TAG (3), target, length);
  put_bytes (&fields, mount->tail.data, mount->tail.length);
  put_nested (builder, place, &fields);
  return true;
}

bool put_flag_value (struct builder *builder, const struct flag *flag, const char *value) {
  const struct place *place = &flag->place;
  switch (flag->kind) {
  case FLAG_WORD:
    builder_at (builder, place);
    return true;
  case FLAG_PAIR:
    if (*value == '=' || !strchr (value, '='))
      return false;
    /* fall through */
  case FLAG_TEXT:
  case FLAG_LIST:
    builder_put_text (builder, place, value);
    return true;
  case FLAG_ENTRY:
    return put_entry (builder, place, value);
  case FLAG_MOUNT:
    return put_mount (builder, place, value);
  case FLAG_NUMBER:
    return put_whole (builder, place, value);
  case FLAG_SIZE:
    return put_positive (builder, place, read_size (value));
  case FLAG_CPUS:
    return put_positive (builder, place, read_cpus (value));
  default:
    return false;
  }
}
