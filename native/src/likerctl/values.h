/* Values of flags. */
#pragma once
#include "builder.h"
#include "table.h"

/* Puts the value of a flag into the message. False: only the TypeScript client can read it. */
bool put_flag_value (struct builder *builder, const struct flag *flag, const char *value);
