/* A plan that starts nothing but asks something: the shim answers on its socket and exits. */
#pragma once
#include <stddef.h>

/* Answers and exits if the plan is a query; otherwise it returns. */
void answer_query (const void *plan, size_t size, int socket);
