/* Builds the first message of a session from the fields of the messages that are nested in it. */
#pragma once
#include "buffer.h"
#include "table.h"

struct builder {
  const struct command *command;
  struct buffer messages[MOST_MESSAGES];
};

void builder_start (struct builder *builder, const struct command *command);
/* The message that a field goes into, with what stands beside that. */
struct buffer *builder_at (struct builder *builder, const struct place *place);
void builder_put_text (struct builder *builder, const struct place *place, const char *text);
/* The whole message. */
struct buffer *builder_finish (struct builder *builder);
