#include "lookup.h"
#include "chance.h"
#include "reverse.h"
#include "zones.h"

/* More do not fit into a message. */
#define MOST_FOUND 2048

static bool lookup_address (const struct container *container, const struct question *question, struct answer *answer) {
  struct address address;
  if (!reverse_read (question->name, &address))
    return false;
  for (unsigned i = 0; i < container->zones; i++) {
    const char *name = zone_name_of (container->zone[i], &address);
    if (!name)
      continue;
    answer_add_name (answer, name);
    return true;
  }
  return false;
}

static uint8_t size_of_type (unsigned type) { return type == TYPE_A ? 4 : 16; }

/* Each begins with another one, so that the load is shared. */
static void add_all (struct answer *answer, const struct address **found, unsigned count) {
  unsigned first = count > 1 ? chance_16 () % count : 0;
  for (unsigned i = 0; i < count; i++)
    answer_add_address (answer, found[(first + i) % count]);
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
