/* How a start of likerctl fails: with one line that says why, and what to do. */
#pragma once

/* Prints "likerctl: " and the text, and exits with 125. */
void end_with_error (const char *format, ...) __attribute__ ((noreturn, format (printf, 1, 2)));
