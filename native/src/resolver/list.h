/* A doubly linked list, whose items are part of what they list. An item that is zeroed is in no list. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct list {
  struct list *next, *previous;
};

#define ITEM(item, type, field) ((type *)(void *)((char *)(item)-offsetof (type, field)))

static inline void list_init (struct list *list) { list->next = list->previous = list; }

static inline bool list_is_empty (const struct list *list) { return list->next == list; }

static inline void list_append (struct list *list, struct list *item) {
  *item = (struct list){ .next = list, .previous = list->previous };
  list->previous->next = item;
  list->previous = item;
}

/* Nothing if it is in no list. */
static inline void list_remove (struct list *item) {
  if (!item->next)
    return;
  item->previous->next = item->next;
  item->next->previous = item->previous;
  *item = (struct list){ .next = NULL };
}
