/* A change of the guard as messages of nftables. */
#pragma once
#include "base/nft_batch.h"
#include "guard_change.h"

/* Enough for any change. */
#define ELEMENTS_ROOM (1u << 19)

struct element_set {
  const char *name;
  uint8_t address_size;
  bool has_ports;
};

#define ELEMENT_SETS 4
extern const struct element_set element_sets[ELEMENT_SETS];

/* In a key: a protocol and a port. Each part fills registers of four bytes. */
#define PORT_KEY_SIZE 8

/* A comment, as nft(8) shows it: its type, its size, and a text that ends with a zero. */
#define COMMENT_TYPE 0
#define COMMENT_HEADER 2
/* Of the text, with its end. */
#define MOST_COMMENT 128

/* One transaction. False if the change is none that the guard makes. */
bool elements_write (struct batch *batch, const char *table, const struct guard_change *change);
