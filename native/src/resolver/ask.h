/* A message of a container. */
#pragma once
#include "asker.h"

/* More than that is no question. */
#define MOST_ASKED 4096

/* Answers it from the tables, or sends it on. What is no question gets no answer. */
void ask (const struct asker *asker, const unsigned char *message, size_t size);
