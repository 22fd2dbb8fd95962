#include "request.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "builder.h"
#include "line.h"
#include "paths.h"
#include "request_id.h"
#include "socket_path.h"
#include "terminal_size.h"
#include "utf8.h"

/* Longer lines may be too long for a message, which the TypeScript client tells. */
#define MOST_BYTES (1u << 20)

static bool are_utf8 (char **words) {
  while (*words && is_utf8 (*words))
    words++;
  return !*words;
}

/* An absolute path, or what is safely the name of an image. */
static bool put_root (struct builder *message, const char *root, bool has_command) {
  static const char in_names[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/:@";
  if (*root == '/') {
    if (!has_command || !is_clean_path (root, strlen (root)) || strchr (root, ':'))
      return false;
    builder_put_text (message, &run_directory, root);
    return true;
  }
  if (!*root || *root == '.' || root[strspn (root, in_names)])
    return false;
  builder_put_text (message, &run_image, root);
  return true;
}

static bool put_container (struct builder *message, const char *container, bool has_command) {
  builder_put_text (message, &exec_container, container);
  return has_command;
}

static bool put_operands (struct line *line) {
  struct builder *message = &line->message;
  const struct command *command = message->command;
  const char *first = *line->words;
  if (!first || !*first)
    return false;
  char **arguments = line->words + 1;
  bool (*put_first) (struct builder *, const char *, bool) = command == &run_command ? put_root : put_container;
  if (!put_first (message, first, *arguments))
    return false;
  for (; *arguments; arguments++)
    builder_put_text (message, &command->arguments, *arguments);
  return true;
}

/* Reads the flags before the command, and chooses that. */
static bool read_command (struct line *line) {
  if (!read_flags (line, &global_flags) || !*line->words)
    return false;
  const char *name = *line->words++;
  bool is_run = !strcmp (name, "run");
  if (!is_run && strcmp (name, "exec") != 0)
    return false;
  builder_start (&line->message, is_run ? &run_command : &exec_command);
  return true;
}

bool read_request (char **words, struct session_plan *plan) {
  static char request_id[REQUEST_ID_ROOM], path[SOCKET_PATH_ROOM];
  struct line line = { .words = words };
  if (!read_command (&line) || !read_flags (&line, &line.message.command->flags) || !put_operands (&line))
    return false;
  /* The TypeScript client says that stdin must be a terminal. */
  if (line.forwards_stdin && line.tty && !isatty (STDIN_FILENO))
    return false;
  if (!are_utf8 (words) || !find_socket (path, line.host))
    return false;
  make_request_id (request_id);
  builder_put_text (&line.message, &line.message.command->request_id, request_id);
  struct winsize size;
  if (line.tty && terminal_size (&size))
    put_terminal_size (&line.message.messages[line.message.command->terminal_size], &size);
  const struct buffer *start = builder_finish (&line.message);
  *plan = (struct session_plan){
    .socket_path = path,
    .method = line.message.command->method,
    .start = start->data,
    .start_length = start->length,
    .request_id = request_id,
    .forwards_stdin = line.forwards_stdin,
    .tty = line.tty,
  };
  return start->length <= MOST_BYTES;
}
