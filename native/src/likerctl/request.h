/* From a command line to the first message of its session. */
#pragma once
#include <stdbool.h>
#include "session_plan.h"

/* Reads the words behind the program's name. False: the line is not for this program. What `plan` points to stays for good. */
bool read_request (char **words, struct session_plan *plan);
