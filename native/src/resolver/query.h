/* Questions that other name servers are asked. */
#pragma once
#include "asker.h"
#include "question.h"

/* Sends the question on. The asker gets an answer in any case, as long as it is there. */
void query_begin (const struct asker *asker, const unsigned char *message, size_t size, const struct question *question);

/* Gives an answer of ours, to a container with a policy, once it can reach what is in it. */
void query_allow (const struct asker *asker, const unsigned char *asked, size_t size, const struct question *question, const unsigned char *own,
                  size_t own_size);

/* Forgets all questions of the container, or of a connection, without an answer. */
void queries_forget (struct container *container);
void queries_forget_connection (struct list *of_connection);

/* Forgets the oldest question of the container that has most of them, so that others get what they need. False if there is none. */
bool query_evict (void);

/* Whether all questions are answered. */
bool queries_are_none (void);
