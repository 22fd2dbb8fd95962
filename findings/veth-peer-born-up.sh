#!/bin/sh
# Linux 6.18 (by iproute2 6.1.0, Debian 12): of the two ends of a veth, the peer cannot be made "up" by the request that makes them.
#
# Expected: `up` means the same at both ends, since the peer has a complete description of its own in the request.
# Seen:     the first end takes it. For the peer the whole request is refused with ENOTCONN, and neither end is there: the kernel configures
#           the peer before it is joined to the first end. It takes a second request.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download iproute2=6.1.0-3
dpkg -x iproute2_*.deb root
unshare -n sh -eu -c '
  ip=$0/sbin/ip
  echo "version: Linux $(uname -r), $($ip -V)"
  $ip link add one up type veth peer name two
  echo "first end up: $($ip -br link show one)"
  if $ip link add three type veth peer name four up 2>refused; then echo "CHANGED: the peer can be born up"; exit 1; fi
  echo "peer up: $(cat refused)"
  grep -q "not connected" refused || { echo "CHANGED: it was ENOTCONN"; exit 1; }
  if $ip link show three 2>/dev/null; then echo "CHANGED: an end is left"; exit 1; fi
' "$work/root"
