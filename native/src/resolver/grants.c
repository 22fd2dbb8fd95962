#include "grants.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "guard.h"

/* Programs keep addresses longer than they should. */
#define GRACE_MS 60000
/* With so much of the grace left, nothing is told again. */
#define ENOUGH_MS 30000
/* Of one container, whose wildcard may allow any number of names. */
#define MOST_GRANTS 4096

struct grant {
  struct table_entry entry;
  struct list of_container;
  struct container *container;
  uint64_t until; /* loop_ms */
  bool is_told;   /* the kernel knows */
  struct address address;
  char name[];
};

struct giving {
  struct guard_wait wait;
  struct container *container;
  void (*done) (void *owner, int error);
  void *owner;
  unsigned count;
  struct grant *grant[];
};

static struct table grants;

static uint64_t hash_of (const struct container *container, const struct address *address) {
  return table_hash (container->entry.hash, address->bytes, address->size);
}

static struct grant *of_entry (struct table_entry *entry) { return ITEM (entry, struct grant, entry); }

/* The grant of the address by this name; NULL if there is none. An address is open as long as one of its names says. */
static struct grant *find (const struct container *container, const char *name, const struct address *address, uint64_t *until) {
  struct grant *found = NULL;
  for (struct table_entry *entry = table_first (&grants, hash_of (container, address)); entry; entry = table_next (entry)) {
    struct grant *grant = of_entry (entry);
    if (grant->container != container || !address_is_same (&grant->address, address))
      continue;
    if (grant->until > *until)
      *until = grant->until;
    if (!strcmp (grant->name, name))
      found = grant;
  }
  return found;
}

static void grant_free (struct grant *grant) {
  table_remove (&grants, &grant->entry);
  list_remove (&grant->of_container);
  grant->container->grant_count--;
  free (grant);
}

static void drop_expired (struct container *container, uint64_t now) {
  for (struct list *item = container->grants.next, *next; item != &container->grants; item = next) {
    next = item->next;
    struct grant *grant = ITEM (item, struct grant, of_container);
    if (grant->until > now)
      return;
    grant_free (grant);
  }
}

static struct grant *make_grant (struct container *container, const char *name, const struct address *address) {
  if (container->grant_count >= MOST_GRANTS)
    return NULL;
  struct grant *grant = calloc (1, sizeof *grant + strlen (name) + 1);
  if (!grant)
    return NULL;
  grant->container = container;
  grant->address = *address;
  strcpy (grant->name, name);
  table_add (&grants, &grant->entry, hash_of (container, address));
  list_append (&container->grants, &grant->of_container);
  container->grant_count++;
  return grant;
}

/* The change that is put together. */
static struct guard_change change;
static const struct policy *change_policy;

static unsigned elements_of (const struct policy *policy, const struct ports *ports) {
  return policy_interfaces (policy) * (ports->are_all ? 1 : ports->count);
}

static void change_begin (const struct policy *policy, const struct ports *ports, const char *name) {
  change_policy = policy;
  change.addresses = 0;
  change.interfaces = (uint16_t)policy_interfaces (policy);
  change.ports = (uint16_t)ports->count;
  for (unsigned i = 0; i < change.interfaces; i++)
    memcpy (change.interface[i], policy_interface (policy, i), INTERFACE_SIZE);
  memcpy (change.port, ports->port, ports->count * sizeof *ports->port);
  strcpy (change.name, name);
}

static void change_add (const struct address *address, uint64_t ms) {
  for (unsigned i = 0; i < change.addresses; i++)
    if (address_is_same (&change.given[i].address, address)) {
      if (change.given[i].ms < ms)
        change.given[i].ms = (uint32_t)ms;
      return;
    }
  change.given[change.addresses++] = (struct given){ .address = *address, .ms = (uint32_t)ms };
}

struct change_wait {
  struct guard_wait wait;
  int error;
};

static void change_done (struct guard_wait *wait, int error) { ITEM (wait, struct change_wait, wait)->error = error; }

/* Makes it before this returns. Its errno. */
static int change_make (void) {
  struct change_wait wait = { .error = EPIPE };
  if (change.addresses == 0)
    return 0;
  if (guard_ask (&change, &wait.wait, change_done) < 0)
    wait.error = errno;
  change.addresses = 0;
  guard_settle ();
  return wait.error;
}

/* With others as far as they go together. */
static void change_one (const struct policy *policy, const struct ports *ports, const char *name, const struct address *address, uint64_t ms) {
  unsigned each = elements_of (policy, ports);
  if (each == 0 || each > MOST_ELEMENTS)
    return;
  bool goes_along = change_policy == policy && !strcmp (change.name, name) && change.given[0].address.size == address->size &&
                    change.addresses < MOST_GIVEN && (change.addresses + 1) * each <= MOST_ELEMENTS;
  if (change.addresses > 0 && !goes_along)
    change_make ();
  if (change.addresses == 0)
    change_begin (policy, ports, name);
  change_add (address, ms);
}

static void giving_done (struct guard_wait *wait, int error) {
  struct giving *giving = ITEM (wait, struct giving, wait);
  for (unsigned i = 0; i < giving->count; i++)
    giving->grant[i]->is_told = error == 0;
  if (giving->owner)
    giving->done (giving->owner, error);
  free (giving);
}

void giving_abandon (struct giving *giving) {
  if (giving)
    giving->owner = NULL;
}

static struct ports ports;

unsigned grants_most (const struct container *container, const char *name) {
  if (!container->policy || !policy_allows (container->policy, name, &ports) || ports.are_too_many)
    return 0;
  unsigned each = elements_of (container->policy, &ports);
  return each * MOST_GIVEN <= MOST_ELEMENTS ? MOST_GIVEN : MOST_ELEMENTS / each;
}

/* Adds what the kernel does not know to `giving` and the change. -1: there are too many. */
static int gather (struct giving *giving, const char *name, const struct address *addresses, unsigned count, uint64_t now, uint64_t wanted) {
  struct container *container = giving->container;
  for (unsigned i = 0; i < count; i++) {
    uint64_t until = wanted;
    struct grant *grant = find (container, name, &addresses[i], &until);
    if (grant && grant->is_told && grant->until + ENOUGH_MS >= wanted)
      continue;
    if (!grant && !(grant = make_grant (container, name, &addresses[i])))
      return failed (ENOSPC);
    grant->until = until;
    grant->is_told = false;
    list_remove (&grant->of_container);
    list_append (&container->grants, &grant->of_container);
    giving->grant[giving->count++] = grant;
    change_add (&addresses[i], until - now);
  }
  return 0;
}

int grants_give (struct container *container, const char *name, const struct address *addresses, unsigned count, uint32_t seconds,
                 void (*done) (void *owner, int error), void *owner, struct giving **given) {
  uint64_t now = loop_ms ();
  if (!container->policy || !policy_allows (container->policy, name, &ports))
    return failed (EPERM);
  if (ports.are_too_many || elements_of (container->policy, &ports) * count > MOST_ELEMENTS)
    return failed (E2BIG);
  if (policy_interfaces (container->policy) == 0)
    return 1;
  struct giving *giving = calloc (1, sizeof *giving + count * sizeof (struct grant *));
  if (!giving)
    return failed (ENOMEM);
  *giving = (struct giving){ .container = container, .done = done, .owner = owner };
  drop_expired (container, now);
  change_begin (container->policy, &ports, name);
  uint64_t wanted = now + (seconds ? seconds : 1) * 1000ull + GRACE_MS;
  int failure = gather (giving, name, addresses, count, now, wanted);
  if (failure < 0 || giving->count == 0 || guard_ask (&change, &giving->wait, giving_done) < 0) {
    bool is_known = failure == 0 && giving->count == 0;
    change.addresses = 0;
    free (giving);
    return is_known ? 1 : -1;
  }
  change.addresses = 0;
  *given = giving;
  return 0;
}

static bool has_interface (const struct policy *policy, const char *interface) {
  for (unsigned i = 0; i < policy_interfaces (policy); i++)
    if (!memcmp (policy_interface (policy, i), interface, INTERFACE_SIZE))
      return true;
  return false;
}

static bool has_port (const struct ports *all, const struct port *port) {
  for (unsigned i = 0; i < all->count; i++)
    if (all->port[i].protocol == port->protocol && all->port[i].number == port->number)
      return true;
  return port->protocol == 0 && all->are_all;
}

/* Leaves interfaces in the change that are, or are not, those of another policy. */
static void keep_interfaces (const struct policy *other, bool are_its) {
  unsigned kept = 0;
  for (unsigned i = 0; i < change.interfaces; i++)
    if (has_interface (other, change.interface[i]) == are_its)
      memmove (change.interface[kept++], change.interface[i], INTERFACE_SIZE);
  change.interfaces = (uint16_t)kept;
}

/* Leaves ports in the change that others do not have. False if there are none. */
static bool drop_ports (const struct ports *others) {
  unsigned kept = 0;
  if (change.ports == 0)
    return !others->are_all;
  for (unsigned i = 0; i < change.ports; i++)
    if (!has_port (others, &change.port[i]))
      change.port[kept++] = change.port[i];
  change.ports = (uint16_t)kept;
  return kept > 0;
}

static void take (const struct address *address) {
  if (change.interfaces == 0)
    return;
  change_add (address, 0);
  change_make ();
}

/* What the policy before allowed, and the container's policy, or none, does not allow. The rest stays, with the connections that there are. */
static void take_away (struct container *container, const struct policy *before) {
  static struct ports now_ports;
  const struct policy *now = container->policy;
  for (struct list *item = container->grants.next; item != &container->grants; item = item->next) {
    const struct grant *grant = ITEM (item, struct grant, of_container);
    policy_allows (before, grant->name, &ports);
    bool is_allowed = now && policy_allows (now, grant->name, &now_ports);
    change_begin (before, &ports, grant->name);
    if (is_allowed)
      keep_interfaces (now, false);
    take (&grant->address);
    change_begin (before, &ports, grant->name);
    if (is_allowed && drop_ports (&now_ports)) {
      keep_interfaces (now, true);
      take (&grant->address);
    }
  }
}

/* What the policy allows is given, and the rest may be forgotten. */
static void give_all (struct container *container, bool forgets) {
  uint64_t now = loop_ms ();
  for (struct list *item = container->grants.next, *next; item != &container->grants; item = next) {
    next = item->next;
    struct grant *grant = ITEM (item, struct grant, of_container);
    if (container->policy && grant->until > now && policy_allows (container->policy, grant->name, &ports))
      change_one (container->policy, &ports, grant->name, &grant->address, grant->until - now);
    else if (forgets)
      grant_free (grant);
  }
  change_make ();
}

/* What was open before this program began, until its container is known. */
struct recalled {
  struct list item;
  uint64_t until;
  struct element element;
};

static struct list recalled = { &recalled, &recalled };

#ifndef __clang__
#pragma GCC diagnostic push
/* GCC loses sight of what is in a list. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
static void remember (const struct element *element) {
  struct recalled *one = malloc (sizeof *one);
  if (!one)
    return;
  *one = (struct recalled){ .until = loop_ms () + element->ms, .element = *element };
  list_append (&recalled, &one->item);
}
#ifndef __clang__
#pragma GCC diagnostic pop
#endif

void grants_recall (void) { guard_recall (remember); }

static void take_element_away (const struct element *element) {
  change.interfaces = change.addresses = 1;
  memcpy (change.interface[0], element->interface, INTERFACE_SIZE);
  change.given[0] = (struct given){ .address = element->address };
  change.ports = element->port.protocol != 0;
  change.port[0] = element->port;
  change_make ();
}

/* What the policy of the container, whose interfaces are known now, allows as well is a grant; the rest is taken away. */
static void adopt_recalled (struct container *container) {
  uint64_t now = loop_ms ();
  for (struct list *item = recalled.next, *next; item != &recalled; item = next) {
    next = item->next;
    struct recalled *one = ITEM (item, struct recalled, item);
    const struct element *element = &one->element;
    bool is_his = has_interface (container->policy, element->interface), is_over = one->until <= now;
    if (is_his && !is_over) {
      uint64_t until = one->until;
      bool is_allowed = policy_allows (container->policy, element->name, &ports) && has_port (&ports, &element->port);
      struct grant *grant = is_allowed ? find (container, element->name, &element->address, &until) : NULL;
      if (is_allowed && !grant)
        grant = make_grant (container, element->name, &element->address);
      if (grant)
        grant->until = until;
      else
        take_element_away (element);
    }
    if (is_his || is_over) {
      list_remove (item);
      free (one);
    }
  }
}

void grants_change_policy (struct container *container, const struct policy *policy) {
  const struct policy *before = container->policy;
  guard_settle ();
  if (before && policy && policy_is_same (before, policy)) {
    policy_free (policy);
    return;
  }
  container->policy = policy;
  if (before) {
    give_all (container, false);
    take_away (container, before);
    /* What was taken away may be open by another name as well. */
    give_all (container, true);
  }
  if (policy)
    adopt_recalled (container);
  policy_free (before);
}

static void put_back (struct table_entry *entry) {
  struct grant *grant = of_entry (entry);
  uint64_t now = loop_ms ();
  if (grant->until <= now || !policy_allows (grant->container->policy, grant->name, &ports))
    return;
  change_one (grant->container->policy, &ports, grant->name, &grant->address, grant->until - now);
  grant->is_told = change_make () == 0;
}

void grants_put_back (void) {
  guard_settle ();
  table_each (&grants, put_back);
}
