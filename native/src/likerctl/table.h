/*
 * What likerctl in C knows of the commands that begin sessions: generated from the commands of the TypeScript client
 * (scripts/front-table.ts), which fails if a flag does something else there.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a value becomes a field. In this order: without a value, FLAG_TEXT, those that may be given several times, the rest. */
enum flag_kind {
  FLAG_TRUE,   /* no value */
  FLAG_STDIN,  /* no value: stdin is forwarded */
  FLAG_TTY,    /* no value: the process has a terminal */
  FLAG_TEXT,   /* a text as it is */
  FLAG_LIST,   /* one of several */
  FLAG_PAIR,   /* likewise, as NAME=VALUE */
  FLAG_ENTRY,  /* likewise, as an entry of a map: NAME or NAME=VALUE */
  FLAG_MOUNT,  /* likewise, as SOURCE:TARGET[:ro|:rw] */
  FLAG_WORD,   /* one of the words that are in the table */
  FLAG_NUMBER, /* a positive whole number */
  FLAG_SIZE,   /* likewise, with a unit: bytes */
  FLAG_CPUS,   /* a positive number with at most two decimals, in units of 1/100000 */
  FLAG_HOST,   /* no field: where the daemon is */
};

struct bytes {
  const char *data;
  size_t length;
};

/* A field: the message that it is in, its tag and what always stands beside it. */
struct place {
  uint8_t message;
  uint32_t tag;
  struct bytes fixed;
};

struct flag {
  const char *names[2];
  char letter;
  enum flag_kind kind;
  const char *word;
  struct place place;
};

struct flag_list {
  const struct flag *flags;
  size_t count;
};

/* A message within the message `parent`, which stands before it in its list. */
struct message {
  uint8_t parent;
  uint32_t tag;
  bool always; /* also without any field */
  struct bytes start;
};

struct command {
  const char *method;
  const struct message *messages;
  size_t message_count;
  struct flag_list flags;
  struct place arguments;
  struct place request_id;
  uint8_t terminal_size;
};

/* What stands before and behind the source and the target of a mount. */
struct mount_template {
  struct bytes head;
  struct bytes tail;
};

enum mount_source { MOUNT_PATH, MOUNT_VOLUME };

#define MOST_MESSAGES 32
#define MOST_FLAGS 128

extern const struct command run_command, exec_command;
/* What the first operand of each may be. */
extern const struct place run_image, run_directory, exec_container;
/* By source, and whether it is read-only. */
extern const struct mount_template mount_templates[2][2];
/* The flags before a command. */
extern const struct flag_list global_flags;
