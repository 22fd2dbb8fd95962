/* What is fixed in the messages of DNS (RFC 1035, RFC 6891). */
#pragma once
#include <stdint.h>

#define HEADER_SIZE 12
#define MOST_LABEL 63
/* As text, without a dot at the end; the wire's form has one byte at each end more. */
#define MOST_NAME 253
/* Of UDP, without EDNS. */
#define PLAIN_SIZE 512
#define MOST_MESSAGE 65535

enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_OPT = 41, TYPE_ANY = 255 };
enum { CLASS_IN = 1 };
enum { RCODE_OK = 0, RCODE_MALFORMED = 1, RCODE_SERVER_FAILURE = 2, RCODE_NO_NAME = 3, RCODE_UNKNOWN_KIND = 4, RCODE_REFUSED = 5, RCODE_BAD_VERSION = 16 };

/* In the third and fourth byte of the header. */
enum { IS_ANSWER = 0x80, KIND = 0x78, IS_AUTHORITY = 0x04, IS_TRUNCATED = 0x02, WANTS_RECURSION = 0x01 };
enum { HAS_RECURSION = 0x80, IS_UNCHECKED = 0x10, RCODE = 0x0f };

static inline uint16_t get_16 (const unsigned char *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static inline void put_16 (unsigned char *at, unsigned number) {
  at[0] = (unsigned char)(number >> 8);
  at[1] = (unsigned char)number;
}
