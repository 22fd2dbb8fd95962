#include "entries.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void entries_begin (struct entries *entries, int folder) {
  entries->folder = folder;
  entries->at = entries->length = 0;
}

const char *next_entry (struct entries *entries) {
  for (;;) {
    if (entries->at == entries->length) {
      entries_begin (entries, entries->folder);
      errno = 0;
      ssize_t length = syscall (SYS_getdents64, entries->folder, entries->buffer, sizeof entries->buffer);
      if (length <= 0)
        return NULL;
      entries->length = length;
    }
    const struct dirent64 *entry = (const struct dirent64 *)(entries->buffer + entries->at);
    entries->at += entry->d_reclen;
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      return entry->d_name;
  }
}
