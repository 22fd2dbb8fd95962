#include "builder.h"
#include <string.h>

void builder_start (struct builder *builder, const struct command *command) {
  builder->command = command;
  for (size_t i = 0; i < command->message_count; i++) {
    const struct bytes *start = &command->messages[i].start;
    put_bytes (&builder->messages[i], start->data, start->length);
  }
}

struct buffer *builder_at (struct builder *builder, const struct place *place) {
  struct buffer *message = &builder->messages[place->message];
  put_bytes (message, place->fixed.data, place->fixed.length);
  return message;
}

void builder_put_text (struct builder *builder, const struct place *place, const char *text) {
  put_field (builder_at (builder, place), place->tag, text, strlen (text));
}

struct buffer *builder_finish (struct builder *builder) {
  const struct command *command = builder->command;
  for (size_t i = command->message_count; i-- > 1;) {
    const struct message *message = &command->messages[i];
    const struct buffer *fields = &builder->messages[i];
    if (message->always || fields->length)
      put_field (&builder->messages[message->parent], message->tag, fields->data, fields->length);
  }
  return builder->messages;
}
