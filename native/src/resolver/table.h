/* A hash table, whose entries are part of what it holds. It only grows, and adding never fails. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct table_entry {
  struct table_entry *next;
  uint64_t hash;
};

#define FIRST_SLOTS 64

struct table {
  struct table_entry **slots; /* NULL: the first ones */
  size_t mask;                /* 0: FIRST_SLOTS - 1 */
  size_t count;
  struct table_entry *first_slots[FIRST_SLOTS];
};

/* Continues a hash with more bytes; a new one begins with table_seed. */
uint64_t table_hash (uint64_t hash, const void *bytes, size_t size);
uint64_t table_seed (void);

void table_add (struct table *table, struct table_entry *entry, uint64_t hash);
void table_remove (struct table *table, struct table_entry *entry);

/* The entries with this hash, of which others may have it, too. */
struct table_entry *table_first (const struct table *table, uint64_t hash);
struct table_entry *table_next (const struct table_entry *entry);

/* All entries. `visit` may remove the one that it gets. */
void table_each (struct table *table, void (*visit) (struct table_entry *entry));
