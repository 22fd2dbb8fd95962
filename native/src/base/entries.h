/* The entries of a folder, by getdents64 on its fd: nothing is allocated. */
#pragma once
#include <dirent.h>
#include <sys/types.h>

struct entries {
  int folder;
  ssize_t at, length;
  _Alignas (struct dirent64) char buffer[4096];
};

/* Begins where the fd stands, which is the start for a new one. */
void entries_begin (struct entries *entries, int folder);

/* The name of the next entry except "." and ".."; NULL at the end (errno is 0) or on an error. */
const char *next_entry (struct entries *entries);
