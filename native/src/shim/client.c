#include "client.h"
#include <unistd.h>
#include "include/protocol.h"
#include "connection.h"
#include "input.h"
#include "report.h"
#include "ring.h"
#include "send.h"

static uint64_t first_offset (const struct stream *stream, uint64_t since) {
  uint64_t oldest = ring_oldest (stream);
  return since > stream->produced ? stream->produced : since < oldest ? oldest : since;
}

static void greet (struct connection *client) {
  struct outbox *out = &client->out;
  outbox_begin (out, SHIM_OPENED, 0, client->process->number);
  outbox_u64 (out, client->sent[0]);
  outbox_u64 (out, client->sent[1]);
  outbox_u64 (out, input_written (client->process, client->session));
  outbox_end (out);
}

void client_open (struct shim *shim, struct process *process, int socket, const struct client_start *start) {
  struct connection *before = find_client (shim, process, start->session);
  struct connection *client = connection_open (shim, socket);
  report_client (shim, process->number, start->session, client != NULL);
  if (!client) {
    close (socket);
    return;
  }
  if (before)
    before->doomed = true;
  client->process = process;
  client->session = start->session;
  client->may = start->may;
  client->waited_for = start->may != 0;
  for (int i = 0; i < 2; i++)
    client->sent[i] = first_offset (&process->out[i], start->since[i]);
  greet (client);
  client->next = shim->clients;
  shim->clients = client;
}

bool clients_unfinished (const struct shim *shim, const struct process *process) {
  for (const struct connection *client = shim->clients; client; client = client->next)
    if ((!process || client->process == process) && !client->doomed && has_more_to_send (shim, client))
      return true;
  return false;
}
