#include "table.h"
#include <stdlib.h>
#include "chance.h"

uint64_t table_seed (void) {
  static uint64_t seed;
  while (!seed)
    chance (&seed, sizeof seed);
  return seed;
}

/* FNV-1a. What is added comes from likerd: nobody can fill a slot at will. */
uint64_t table_hash (uint64_t hash, const void *bytes, size_t size) {
  for (const unsigned char *at = bytes, *end = at + size; at < end; at++)
    hash = (hash ^ *at) * 0x100000001b3u;
  return hash;
}

static size_t mask_of (const struct table *table) { return table->mask ? table->mask : FIRST_SLOTS - 1; }

static struct table_entry **slot_of (struct table *table, uint64_t hash) {
  struct table_entry **slots = table->slots ? table->slots : table->first_slots;
  return &slots[(hash ^ hash >> 32) & mask_of (table)];
}

/* Without memory it stays as it is, and only gets slower. */
static void grow (struct table *table) {
  size_t slots = mask_of (table) + 1;
  struct table larger = { .slots = calloc (slots * 2, sizeof (struct table_entry *)), .mask = slots * 2 - 1 };
  if (!larger.slots)
    return;
  struct table_entry **from = table->slots ? table->slots : table->first_slots;
  for (size_t i = 0; i < slots; i++)
    for (struct table_entry *entry = from[i], *next; entry; entry = next) {
      next = entry->next;
      struct table_entry **slot = slot_of (&larger, entry->hash);
      entry->next = *slot;
      *slot = entry;
    }
  free (table->slots);
  table->slots = larger.slots;
  table->mask = larger.mask;
}

void table_add (struct table *table, struct table_entry *entry, uint64_t hash) {
  if (table->count++ > mask_of (table))
    grow (table);
  struct table_entry **slot = slot_of (table, hash);
  *entry = (struct table_entry){ .next = *slot, .hash = hash };
  *slot = entry;
}

void table_remove (struct table *table, struct table_entry *entry) {
  struct table_entry **at = slot_of (table, entry->hash);
  while (*at != entry)
    at = &(*at)->next;
  *at = entry->next;
  table->count--;
}

struct table_entry *table_first (const struct table *table, uint64_t hash) {
  struct table_entry *entry = *slot_of ((struct table *)table, hash);
  while (entry && entry->hash != hash)
    entry = entry->next;
  return entry;
}

struct table_entry *table_next (const struct table_entry *entry) {
  struct table_entry *next = entry->next;
  while (next && next->hash != entry->hash)
    next = next->next;
  return next;
}

void table_each (struct table *table, void (*visit) (struct table_entry *entry)) {
  struct table_entry **slots = table->slots ? table->slots : table->first_slots;
  for (size_t i = 0; i <= mask_of (table); i++)
    for (struct table_entry *entry = slots[i], *next; entry; entry = next) {
      next = entry->next;
      visit (entry);
    }
}
