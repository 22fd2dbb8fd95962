#include "links.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct link *find (const struct links *links, dev_t device, ino_t inode) {
  uint64_t hash = (inode ^ (uint64_t)device << 32) * 0x9e3779b97f4a7c15ull;
  for (size_t at = hash >> 32;; at++) {
    struct link *link = &links->table[at & (links->room - 1)];
    if (!link->name || (link->inode == inode && link->device == device))
      return link;
  }
}

static int grow (struct links *links) {
  struct links larger = { .count = links->count, .names = links->names, .room = links->room ? 2 * links->room : 1024 };
  larger.table = calloc (larger.room, sizeof *larger.table);
  if (!larger.table)
    return -1;
  for (size_t i = 0; i < links->room; i++)
    if (links->table[i].name)
      *find (&larger, links->table[i].device, links->table[i].inode) = links->table[i];
  free (links->table);
  *links = larger;
  return 0;
}

const char *earlier_name (struct links *links, const struct stat *st, const char *name) {
  errno = 0;
  if (2 * links->count >= links->room && grow (links) < 0)
    return NULL;
  struct link *link = find (links, st->st_dev, st->st_ino);
  if (link->name)
    return links->names.data + link->name - link->length;
  size_t length = strlen (name) + 1;
  if (bytes_add (&links->names, name, length) < 0) {
    errno = ENOMEM;
    return NULL;
  }
  *link = (struct link){ .device = st->st_dev, .inode = st->st_ino, .name = links->names.count, .length = length };
  links->count++;
  return NULL;
}
