#include "resolver_sockets.h"
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "cleanup.h"
#include "descriptors.h"
#include "moved_port.h"
#include "syscalls.h"

#define ADDRESS 0x7f00000bu /* 127.0.0.11 */
#define PORT 53
/* Where the sockets are, so that a name server in the container can have port 53. Nobody else uses it, and none of the ports given out by chance. */
#define MOVED_PORT 61053
#define WAITING_CLIENTS 128
#define ID_SIZE 64
/* It answers within a turn of its loop. */
#define ANSWER_SECONDS 5

static int open_socket (int type, uint16_t port) {
  const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (ADDRESS) };
  cleanup_fd int fd = socket (AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind (fd, (const struct sockaddr *)&address, sizeof address) < 0)
    return -1;
  return type == SOCK_STREAM && listen (fd, WAITING_CLIENTS) < 0 ? -1 : steal_fd (&fd);
}

int resolver_sockets_open (int sockets[2]) {
  /* A kernel without nftables has them at the port itself, which no program can have then. */
  uint16_t port = move_port (ADDRESS, PORT, MOVED_PORT) < 0 ? PORT : MOVED_PORT;
  sockets[0] = open_socket (SOCK_DGRAM, port);
  sockets[1] = sockets[0] < 0 ? -1 : open_socket (SOCK_STREAM, port);
  if (sockets[1] >= 0)
    return 0;
  close_fd (&sockets[0]);
  return -1;
}

static int send_open (int resolver, const char *id, const int *fds, unsigned count) {
  struct {
    char length[4];
    char kind;
    char id[ID_SIZE];
  } request = { .length = { 1 + ID_SIZE }, .kind = 'O' };
  memcpy (request.id, id, ID_SIZE);
  struct passed passed = { .count = count };
  memcpy (passed.fd, fds, count * sizeof *fds);
  return send_passed (resolver, &request, sizeof request, &passed);
}

int resolver_hand_over (const char *path, const char *id, const int *fds, unsigned count) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (count > MOST_PASSED || strlen (id) != ID_SIZE)
    return failed (EINVAL);
  if (strlen (path) >= sizeof address.sun_path)
    return failed (ENAMETOOLONG);
  memcpy (address.sun_path, path, strlen (path));
  const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
  cleanup_fd int resolver = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (resolver < 0 || setsockopt (resolver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
      RETRY (connect (resolver, (const struct sockaddr *)&address, sizeof address)) < 0 || send_open (resolver, id, fds, count) < 0)
    return -1;
  unsigned char answer;
  ssize_t got = RETRY (recv (resolver, &answer, sizeof answer, 0));
  if (got < 0)
    return -1;
  return got == 0 ? failed (EPIPE) : answer ? failed (answer) : 0;
}
