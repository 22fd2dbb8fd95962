/* Answers for containers with a policy. Nothing of what a server has sent comes into them but addresses. */
#pragma once
#include "container.h"
#include "question.h"
#include "reply.h"

/* With as many addresses as there can be. */
#define MOST_ALLOWED 2304

struct allowed {
  struct question question;
  struct found found; /* that the container must be able to reach first */
  size_t size;
  unsigned char message[MOST_ALLOWED];
};

/*
 * From a reply, which is one of ours or a name server's, to what was asked; of at most `most` bytes. Other names than those of the container's networks cannot
 * have addresses of its networks. NULL if the reply cannot be read, and without memory.
 */
struct allowed *allowed_make (const struct container *container, const unsigned char *asked, size_t asked_size, size_t most, const unsigned char *reply,
                              size_t size, bool is_own);
