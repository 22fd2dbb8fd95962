/* Texts in JSON, which likerd reads. */
#pragma once

/* Writes the text as a JSON string, and a NUL; returns the end. Bytes that are not UTF-8 become U+FFFD. Room: six times the text, and three. */
char *put_json (char *out, const char *text);
