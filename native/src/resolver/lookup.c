#include "lookup.h"
#include "chance.h"
#include "reverse.h"
#include "zones.h"

/* More do not fit into a message. */
#define MOST_FOUND 2048
/* Programs keep what they were told so long. A container that is started again may have another address. */
#define OWN_TIME_TO_LIVE 1

static const char *name_of (const struct container *container, const struct address *address) {
  const char *name = NULL;
  for (unsigned i = 0; i < container->zones && !name; i++)
    name = zone_name_of (container->zone[i], address);
  return name;
}

bool lookup_has_address (const struct container *container, const struct address *address) { return name_of (container, address); }

static bool lookup_address (const struct container *container, const struct question *question, struct answer *answer) {
  struct address address;
  const char *name = reverse_read (question->name, &address) ? name_of (container, &address) : NULL;
  if (name)
    answer_add_name (answer, name);
  return name;
}

static uint8_t size_of_type (unsigned type) { return type == TYPE_A ? 4 : 16; }

/* Each begins with another one, so that the load is shared. */
static void add_all (struct answer *answer, const struct address **found, unsigned count) {
  unsigned first = count > 1 ? chance_16 () % count : 0;
  for (unsigned i = 0; i < count; i++)
    answer_add_address (answer, found[(first + i) % count], OWN_TIME_TO_LIVE);
}

/* A name without addresses of the wanted kind is a name nevertheless: no other server is asked, and the answer has no record. */
static bool lookup_name (const struct container *container, const struct question *question, struct answer *answer) {
  static const struct address *found[MOST_FOUND];
  bool known = false, is_all = question->type == TYPE_ANY, is_address = question->type == TYPE_A || question->type == TYPE_AAAA;
  unsigned count = 0;
  for (unsigned i = 0; i < container->zones && count == 0; i++)
    count = zone_find (container->zone[i], question->name, is_all ? 0 : size_of_type (question->type), found,
                       is_all || is_address ? MOST_FOUND : 0, &known);
  add_all (answer, found, count);
  return known;
}

bool lookup (const struct container *container, const struct question *question, struct answer *answer) {
  if (question->class != CLASS_IN || !*question->name)
    return false;
  return (question->type == TYPE_PTR && lookup_address (container, question, answer)) || lookup_name (container, question, answer);
}
