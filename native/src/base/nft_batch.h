/* Changes of nftables, as the messages of one transaction. Whoever writes them has made enough room. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct batch {
  unsigned char *bytes;
  size_t size;
  uint32_t number; /* of the last message */
};

/* The first message, and the last one (NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END). */
void batch_limit (struct batch *batch, unsigned type);

/* Where the message begins, which message_end needs. `type` is NFT_MSG_…; of message_begin, with its subsystem, and `resource` may be a group. */
size_t message_begin (struct batch *batch, unsigned type, unsigned flags, unsigned family, unsigned resource);
size_t table_message (struct batch *batch, unsigned family, unsigned type, unsigned flags);
void message_end (struct batch *batch, size_t start);
/* The kernel says what has become of the message. */
void message_ask_answer (struct batch *batch, size_t start);

void put (struct batch *batch, unsigned type, const void *value, size_t size);
void put_text (struct batch *batch, unsigned type, const char *text);
void put_number (struct batch *batch, unsigned type, uint32_t number);
/* A value that the kernel compares or writes, within an attribute. */
void put_value (struct batch *batch, unsigned type, const void *value, size_t size);

size_t nest_begin (struct batch *batch, unsigned type);
void nest_end (struct batch *batch, size_t start);
