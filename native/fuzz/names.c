/*
 * What liker-resolver reads: questions of containers, answers of name servers, requests of likerd.
 * Input: u8 (kind), bytes: a question; or u8 (size of the question), a question, an answer; or requests, each with u16 (its size) before it; or a packet that
 * was denied.
 */
#include "resolver/answer.h"
#include "resolver/control.h"
#include "resolver/lookup.h"
#include "resolver/packet.h"
#include "resolver/policy.h"
#include "resolver/question.h"
#include "resolver/reply.h"
#include "resolver/reverse.h"
#include "resolver/zones.h"
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "kernel.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* The tables' hashes are the same in every run. */
ssize_t fuzz_getrandom (void *bytes, size_t size, unsigned flags);
ssize_t fuzz_getrandom (void *bytes, size_t size, unsigned flags) {
  (void)flags;
  memset (bytes, 0x5a, size);
  return (ssize_t)size;
}

/* Of exactly this size, so that the sanitizer sees what is read beyond. */
static unsigned char *copy_of (const uint8_t *data, size_t size) {
  unsigned char *copy = malloc (size ? size : 1);
  memcpy (copy, data, size);
  return copy;
}

static void require_name (const char *name, bool is_empty_allowed) {
  size_t length = strlen (name), label = 0;
  require (length <= MOST_NAME, "a name is not too long");
  require (is_empty_allowed || length > 0, "a name is something");
  for (size_t i = 0; i < length; i++) {
    require (name[i] > ' ' && name[i] < 0x7f && !(name[i] >= 'A' && name[i] <= 'Z'), "a name has usual letters in lower case");
    label = name[i] == '.' ? 0 : label + 1;
    require (label <= MOST_LABEL && (name[i] != '.' || (i > 0 && name[i - 1] != '.')), "a label is not too long and not empty");
  }
}

/* A container that is alone in a network, with all that there can be. */
static void make_member (struct container *container) {
  memset (container, 0, sizeof *container);
  list_init (&container->members);
  struct request request = { .network = ID_A, .container = ID_A, .names = 2, .addresses = 3 };
  request.name[0] = (struct text){ "web.net", 7 };
  request.name[1] = (struct text){ "web", 3 };
  request.address[0] = (struct address){ 4, { 10, 9, 0, 2 } };
  request.address[1] = (struct address){ 16, { 0xfd } };
  request.address[2] = (struct address){ 4, { 10, 9, 0, 3 } };
  require (member_join (container, &request) == 0, "there is memory");
  container->zone = malloc (sizeof *container->zone);
  container->zone[0] = zone_take (ID_A);
  container->zones = 1;
}

static void end_member (struct container *container) {
  members_leave (container, UINT64_MAX);
  zone_release (container->zone[0]);
  free (container->zone);
}

static void try_answer (const unsigned char *asked, const struct question *question, size_t most) {
  struct container container;
  struct answer answer;
  make_member (&container);
  unsigned char *message = malloc (MOST_MESSAGE);
  answer_begin (&answer, message, most, asked, question);
  bool known = lookup (&container, question, &answer);
  size_t size = answer_end (&answer, question, known ? RCODE_OK : RCODE_NO_NAME);
  require (size <= most, "an answer is no larger than the asker can take");
  require (get_16 (message) == get_16 (asked) && message[2] & IS_ANSWER, "it is the answer to the question");
  require (known || get_16 (message + 6) == 0, "an unknown name has no records");
  struct question again;
  message[2] &= (unsigned char)~IS_ANSWER;
  enum question_kind kind = question_read (&again, message, size);
  require (kind == QUESTION_GOOD || get_16 (message + 6) > 7, "it can be read");
  if (kind == QUESTION_GOOD)
    require (!strcmp (again.name, question->name) && again.type == question->type && again.has_edns == question->has_edns, "and repeats what was asked");
  free (message);
  end_member (&container);
}

static void try_question (const uint8_t *data, size_t size) {
  unsigned char *message = copy_of (data, size);
  struct question question;
  struct address address;
  switch (question_read (&question, message, size)) {
    case QUESTION_GOOD:
      require_name (question.name, true);
      require (question.end >= HEADER_SIZE + 5 && question.end <= size, "the question is in the message");
      require (question.answer_size >= PLAIN_SIZE, "everybody takes the plain size");
      reverse_read (question.name, &address);
      try_answer (message, &question, PLAIN_SIZE);
      try_answer (message, &question, MOST_MESSAGE);
      break;
    case QUESTION_MALFORMED:
    case QUESTION_UNKNOWN: {
      unsigned char refusal[HEADER_SIZE];
      require (answer_refuse (refusal, message, RCODE_MALFORMED) == HEADER_SIZE, "a refusal is a header");
      break;
    }
    case QUESTION_NONE: break;
  }
  free (message);
}

static void try_find (const unsigned char *reply, size_t size, size_t end, unsigned type) {
  static struct found found;
  if (!reply_find (&found, reply, size, end, type))
    return;
  require (found.count <= MOST_FOUND && found.time_to_live <= LONGEST_SECONDS, "what is found is limited");
  for (unsigned i = 0; i < found.count; i++) {
    require (found.address[i].size == (type == TYPE_A ? 4 : 16) && !address_is_special (&found.address[i]), "an address is of its kind, and not special");
    for (unsigned other = 0; other < i; other++)
      require (!address_is_same (&found.address[i], &found.address[other]), "each comes once");
  }
}

static void try_reply (const uint8_t *data, size_t size) {
  if (size < 1)
    return;
  size_t first = data[0] < size - 1 ? data[0] : size - 1, rest = size - 1 - first;
  unsigned char *asked = copy_of (data + 1, first), *reply = copy_of (data + 1 + first, rest);
  struct question question;
  if (question_read (&question, asked, first) == QUESTION_GOOD && reply_fits (reply, rest, asked, question.end, 0x3031)) {
    require (rest >= HEADER_SIZE && get_16 (reply) == 0x3031, "an answer has the id that was sent");
    reply_is_truncated (reply);
    reply_is_failure (reply);
    try_find (reply, rest, question.end, TYPE_A);
    try_find (reply, rest, question.end, TYPE_AAAA);
    reply_adapt (reply, asked, question.end);
    require (get_16 (reply) == get_16 (asked), "the asker gets its own id");
    if (get_16 (reply + 4) == 1) {
      require (!memcmp (reply + HEADER_SIZE, asked + HEADER_SIZE, question.end - HEADER_SIZE), "and its own question");
      require (reply_truncate (reply, question.end) <= rest, "what is cut off is shorter");
    } else
      require (reply[3] & RCODE, "without the question it is only a refusal");
  }
  free (asked);
  free (reply);
}

static void check_request (const struct request *request) {
  char name[MOST_NAME + 1];
  for (unsigned i = 0; i < request->names; i++) {
    memcpy (name, request->name[i].at, request->name[i].length);
    name[request->name[i].length] = '\0';
    require_name (name, false);
  }
}

static void find_all (const struct request *request) {
  struct zone *zone = zone_take (request->network);
  const struct address *found[MOST_ADDRESSES];
  char name[MOST_NAME + 1];
  for (unsigned i = 0; i < request->names; i++) {
    bool known = false;
    memcpy (name, request->name[i].at, request->name[i].length);
    name[request->name[i].length] = '\0';
    zone_find (zone, name, 0, found, MOST_ADDRESSES, &known);
    require (known, "what has joined is found");
  }
  for (unsigned i = 0; request->names && i < request->addresses; i++)
    require (zone_name_of (zone, &request->address[i]), "by its address, too");
  zone_release (zone);
}

static void try_rule (const struct policy *policy, const struct rule *rule) {
  static struct ports ports;
  char name[2 + MOST_NAME + 1] = "x.", *at = name + 2;
  memcpy (at, rule->name.at, rule->name.length);
  at[rule->name.length] = '\0';
  require_name (at, false);
  require (policy_allows (policy, rule->is_wildcard ? name : at, &ports), "what a rule says is allowed");
  require (ports.count <= MOST_PORTS && (!ports.are_all || ports.count == 0), "ports are all, or some");
  require (rule->ranges > 0 || ports.are_all, "a rule without ports allows all of them");
}

static void try_policy (const struct request *request) {
  static struct ports ports;
  const struct policy *policy = policy_make (request);
  const unsigned char *at = request->rules_at;
  for (unsigned i = 0; i < request->rules; i++) {
    struct rule rule;
    size_t size = rule_read (&rule, at, (size_t)(request->rules_at + request->rules_size - at));
    require (size > 0, "a rule that was read once can be read again");
    try_rule (policy, &rule);
    at += size;
  }
  require (!policy_allows (policy, "", &ports), "what is no name is not allowed");
  require (policy_has_rules (policy) == (request->rules > 0) && policy_is_same (policy, policy), "it is the policy of the request");
  for (unsigned i = 0; i < policy_interfaces (policy); i++)
    require (strlen (policy_interface (policy, i)) < INTERFACE_SIZE, "an interface has a name");
  policy_free (policy);
}

static void try_packet (const uint8_t *data, size_t size) {
  unsigned char *bytes = copy_of (data, size);
  struct packet packet;
  if (packet_read (&packet, bytes, size))
    require (packet.to.size == 4 || packet.to.size == 16, "a packet goes somewhere");
  free (bytes);
}

static void try_requests (const uint8_t *data, size_t size) {
  struct container container = { .zones = 0 };
  list_init (&container.members);
  while (size >= 2) {
    size_t length = get_16 (data);
    data += 2;
    size -= 2;
    length = length < size ? length : size;
    unsigned char *bytes = copy_of (data, length);
    struct request request;
    if (request_read (&request, bytes, length)) {
      check_request (&request);
      if (request.kind == 'J' && member_join (&container, &request) == 0)
        find_all (&request);
      if (request.kind == 'P')
        try_policy (&request);
      if (request.kind == 'L')
        member_leave (&container, request.network);
    }
    free (bytes);
    data += length;
    size -= length;
  }
  members_leave (&container, UINT64_MAX);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  static void (*const tries[]) (const uint8_t *, size_t) = { try_question, try_reply, try_requests, try_packet };
  tries[data[0] % 4](data + 1, size - 1);
  return 0;
}
