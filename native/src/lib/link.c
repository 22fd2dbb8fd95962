/*
 * What an interface is like, by ioctls of netdevice(7): unlike rtnetlink, they wait for nobody who changes interfaces, such as the kernel while it
 * removes those of a namespace.
 */
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/text.h"
#include "include/liker.h"

int liker_link (const char *name, int32_t *mtu, int32_t *is_up) {
  struct ifreq request = { 0 };
  if (strlen (name) >= sizeof request.ifr_name)
    return -ENODEV;
  put_text (request.ifr_name, name);
  cleanup_fd int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl (fd, SIOCGIFFLAGS, &request) < 0)
    return -errno;
  *is_up = (request.ifr_flags & IFF_UP) != 0;
  if (ioctl (fd, SIOCGIFMTU, &request) < 0)
    return -errno;
  *mtu = request.ifr_mtu;
  return ioctl (fd, SIOCGIFINDEX, &request) < 0 ? -errno : request.ifr_ifindex;
}
