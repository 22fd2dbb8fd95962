#include "denials.h"
#include <stdlib.h>
#include <string.h>

/* Of one container. What is more is counted together. */
#define MOST_KEYS 256
/* Between two frames of the same key. */
#define PAUSE_MS 200
#define MOST_FRAME (LENGTH_SIZE + 1 + ID_SIZE + 1 + 1 + 2 + 17 + 1 + MOST_NAME + 4)

struct denial {
  struct list all, of_container;
  struct container *container;
  struct denied denied;
  uint32_t count;
  char name[];
};

static struct list denials = { &denials, &denials };
static struct timer sending;
static int (*sender) (const unsigned char *frame, size_t size);

static bool is_same (const struct denied *one, const struct denied *other) {
  return one->kind == other->kind && one->protocol == other->protocol && one->port == other->port && address_is_same (&one->address, &other->address) &&
         !strcmp (one->name, other->name);
}

static struct denial *find (const struct container *container, const struct denied *denied) {
  for (struct list *item = container->denials.next; item != &container->denials; item = item->next)
    if (is_same (&ITEM (item, struct denial, of_container)->denied, denied))
      return ITEM (item, struct denial, of_container);
  return NULL;
}

static struct denial *make (struct container *container, const struct denied *denied) {
  struct denial *denial = calloc (1, sizeof *denial + strlen (denied->name) + 1);
  if (!denial)
    return NULL;
  denial->container = container;
  denial->denied = *denied;
  denial->denied.name = strcpy (denial->name, denied->name);
  list_append (&denials, &denial->all);
  list_append (&container->denials, &denial->of_container);
  container->denial_count++;
  return denial;
}

static void denial_free (struct denial *denial) {
  list_remove (&denial->all);
  list_remove (&denial->of_container);
  denial->container->denial_count--;
  free (denial);
}

static unsigned char *put_le (unsigned char *at, uint32_t number, unsigned size) {
  for (; size; size--, number >>= 8)
    *at++ = (unsigned char)number;
  return at;
}

static unsigned char *put_bytes (unsigned char *at, const void *bytes, size_t size) {
  memcpy (at, bytes, size);
  return at + size;
}

static int send_one (const struct denial *denial) {
  unsigned char frame[MOST_FRAME], *at = frame + LENGTH_SIZE;
  const struct denied *denied = &denial->denied;
  size_t length = strlen (denied->name);
  *at++ = 'D';
  at = put_bytes (at, denial->container->id, ID_SIZE);
  *at++ = (unsigned char)denied->kind;
  *at++ = denied->protocol;
  at = put_le (at, denied->port, 2);
  *at++ = denied->address.size == 16 ? 6 : denied->address.size;
  at = put_bytes (at, denied->address.bytes, denied->address.size);
  *at++ = (unsigned char)length;
  at = put_bytes (at, denied->name, length);
  at = put_le (at, denial->count, 4);
  put_le (frame, (uint32_t)(at - frame) - LENGTH_SIZE, LENGTH_SIZE);
  return sender ? sender (frame, (size_t)(at - frame)) : 0;
}

static void send_due (struct timer *timer) {
  (void)timer;
  denials_send ();
}

void denials_send (void) {
  for (struct list *item = denials.next, *next; item != &denials; item = next) {
    next = item->next;
    struct denial *denial = ITEM (item, struct denial, all);
    int sent = send_one (denial);
    if (sent < 0)
      timer_set (&sending, PAUSE_MS, send_due);
    if (sent <= 0)
      return;
    denial_free (denial);
  }
}

void denials_add (struct container *container, const struct denied *denied) {
  const struct denied others = { .kind = denied->kind, .name = "" };
  struct denial *denial = find (container, denied);
  if (!denial && container->denial_count < MOST_KEYS)
    denial = make (container, denied);
  else if (!denial && !(denial = find (container, &others)))
    denial = make (container, &others);
  if (!denial)
    return;
  denial->count += denial->count < UINT32_MAX;
  if (!sending.item.next)
    timer_set (&sending, PAUSE_MS, send_due);
}

void denials_end (struct container *container) {
  for (struct list *item = container->denials.next, *next; item != &container->denials; item = next) {
    next = item->next;
    struct denial *denial = ITEM (item, struct denial, of_container);
    send_one (denial);
    denial_free (denial);
  }
}

void denials_begin (int (*send) (const unsigned char *frame, size_t size)) { sender = send; }
