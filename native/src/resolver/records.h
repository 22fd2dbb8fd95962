/* Records of a message of DNS, one after the other. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
  const unsigned char *message;
  size_t at, size;
};

struct record {
  uint16_t type, class;
  uint32_t time_to_live;
  size_t length;
  const unsigned char *data;
};

/* The record at the reader, whose name is passed over. False if there is no whole one. */
bool record_read (struct record *record, struct reader *reader);
