#include "zones.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"

struct zone {
  struct table_entry entry; /* of zones */
  char id[ID_SIZE];
  unsigned users; /* members, and containers that see it */
};

struct name {
  struct table_entry entry; /* of names */
  struct member *member;
  const char *text;
};

struct place {
  struct table_entry entry; /* of addresses */
  struct member *member;
  struct address address;
};

struct member {
  struct list of_container;
  struct zone *zone;
  uint64_t generation;
  unsigned names, addresses;
  /* In the same allocation, and after them the texts of the names. */
  struct name *name;
  struct place *place;
};

static struct table zones, names, addresses;

static uint64_t id_hash (const char *id) { return table_hash (table_seed (), id, ID_SIZE); }

static uint64_t hash_in (const struct zone *zone, const void *bytes, size_t size) { return table_hash (zone->entry.hash, bytes, size); }

struct zone *zone_take (const char *id) {
  uint64_t hash = id_hash (id);
  struct zone *zone = NULL;
  for (struct table_entry *entry = table_first (&zones, hash); entry && !zone; entry = table_next (entry))
    if (!memcmp (ITEM (entry, struct zone, entry)->id, id, ID_SIZE))
      zone = ITEM (entry, struct zone, entry);
  if (!zone) {
    zone = calloc (1, sizeof *zone);
    if (!zone)
      return NULL;
    memcpy (zone->id, id, ID_SIZE);
    table_add (&zones, &zone->entry, hash);
  }
  zone->users++;
  return zone;
}

void zone_release (struct zone *zone) {
  if (--zone->users)
    return;
  table_remove (&zones, &zone->entry);
  free (zone);
}

static void member_free (struct member *member) {
  list_remove (&member->of_container);
  for (unsigned i = 0; i < member->names; i++)
    table_remove (&names, &member->name[i].entry);
  for (unsigned i = 0; i < member->addresses; i++)
    table_remove (&addresses, &member->place[i].entry);
  zone_release (member->zone);
  free (member);
}

static struct member *member_of (struct container *container, const char *network) {
  for (struct list *item = container->members.next; item != &container->members; item = item->next) {
    struct member *member = ITEM (item, struct member, of_container);
    if (!memcmp (member->zone->id, network, ID_SIZE))
      return member;
  }
  return NULL;
}

static void take_names (struct member *member, const struct request *request, char *text) {
  for (; member->names < request->names; member->names++) {
    const struct text *given = &request->name[member->names];
    struct name *name = &member->name[member->names];
    *name = (struct name){ .member = member, .text = text };
    memcpy (text, given->at, given->length);
    table_add (&names, &name->entry, hash_in (member->zone, given->at, given->length));
    text += given->length + 1;
  }
}

static void take_addresses (struct member *member, const struct request *request) {
  for (; member->addresses < request->addresses; member->addresses++) {
    struct place *place = &member->place[member->addresses];
    *place = (struct place){ .member = member, .address = request->address[member->addresses] };
    table_add (&addresses, &place->entry, hash_in (member->zone, place->address.bytes, place->address.size));
  }
}

static size_t size_of_texts (const struct request *request) {
  size_t size = 0;
  for (unsigned i = 0; i < request->names; i++)
    size += request->name[i].length + 1;
  return size;
}

int member_join (struct container *container, const struct request *request) {
  struct member *member =
    calloc (1, sizeof *member + request->names * sizeof (struct name) + request->addresses * sizeof (struct place) + size_of_texts (request));
  struct zone *zone = member ? zone_take (request->network) : NULL;
  if (!zone) {
    free (member);
    return failed (ENOMEM);
  }
  member->generation = container->generation;
  member->zone = zone;
  member->name = (struct name *)(member + 1);
  member->place = (struct place *)(member->name + request->names);
  member_leave (container, request->network);
  take_names (member, request, (char *)(member->place + request->addresses));
  take_addresses (member, request);
  list_append (&container->members, &member->of_container);
  return 0;
}

void member_leave (struct container *container, const char *network) {
  struct member *member = member_of (container, network);
  if (member)
    member_free (member);
}

void members_leave (struct container *container, uint64_t generation) {
  for (struct list *item = container->members.next, *next; item != &container->members; item = next) {
    next = item->next;
    struct member *member = ITEM (item, struct member, of_container);
    if (member->generation < generation)
      member_free (member);
  }
}

unsigned zone_find (const struct zone *zone, const char *name, uint8_t size, const struct address **found, unsigned most, bool *known) {
  unsigned count = 0;
  for (struct table_entry *entry = table_first (&names, hash_in (zone, name, strlen (name))); entry; entry = table_next (entry)) {
    const struct name *candidate = ITEM (entry, struct name, entry);
    const struct member *member = candidate->member;
    if (member->zone != zone || strcmp (candidate->text, name) != 0)
      continue;
    *known = true;
    for (unsigned i = 0; i < member->addresses && count < most; i++)
      if (size == 0 || member->place[i].address.size == size)
        found[count++] = &member->place[i].address;
  }
  return count;
}

const char *zone_name_of (const struct zone *zone, const struct address *address) {
  for (struct table_entry *entry = table_first (&addresses, hash_in (zone, address->bytes, address->size)); entry; entry = table_next (entry)) {
    const struct place *place = ITEM (entry, struct place, entry);
    if (place->member->zone == zone && place->address.size == address->size && place->member->names > 0 &&
        !memcmp (place->address.bytes, address->bytes, address->size))
      return place->member->name[0].text;
  }
  return NULL;
}
