/* How a start without root fails: with one line that says what is missing and which command mends it. */
#pragma once

/* Prints "likerd: Cannot start without root: " and the text, and exits with 1. */
void refuse (const char *format, ...) __attribute__ ((noreturn, format (printf, 1, 2)));
