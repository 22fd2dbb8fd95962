/* What a name server has sent. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "address.h"

/* Whether the message is the answer to the question of `asked`, which ends at `end`, that was sent with this id. */
bool reply_fits (const unsigned char *message, size_t size, const unsigned char *asked, size_t end, uint16_t id);

/* Gives the message the id and the question of `asked`, whose case may differ. */
void reply_adapt (unsigned char *message, const unsigned char *asked, size_t end);

bool reply_is_truncated (const unsigned char *message);

/* Whether another name server may know better. */
bool reply_is_failure (const unsigned char *message);

/* Makes the message, which has the question, one that says that its records did not fit. Returns its size. */
size_t reply_truncate (unsigned char *message, size_t end);

/* Of more addresses the first ones are taken. */
#define MOST_FOUND 64

struct found {
  unsigned count;
  struct address address[MOST_FOUND];
  uint32_t time_to_live; /* the shortest of all records; at most LONGEST_SECONDS */
};

#define LONGEST_SECONDS 300

/*
 * The addresses of the type that the message, which has a question that ends at `end`, has in its answer, whatever names lead to them, each once and
 * without special ones. False if it cannot be read.
 */
bool reply_find (struct found *found, const unsigned char *message, size_t size, size_t end, unsigned type);
