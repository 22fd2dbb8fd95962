#!/bin/sh
# nftables 1.0.6 (Debian 12): a set with auto-merge cannot give back what was put in.
#
# Expected: after `add element {192.0.2.0/25}` and `add element {192.0.2.128/25}`, deleting one of the two leaves the other.
# Seen:     both became 192.0.2.0/24; deleting either half, or one address, fails with "element does not exist" and leaves
#           the set as it was. Only the merged interval can be deleted. Without auto-merge each half can.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11 libmnl0 libjansson4 libedit2 libxtables12
for deb in *.deb; do dpkg -x "$deb" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)"
unshare -n sh -eu -c '
  nft=$0
  echo "version: $($nft --version)"
  $nft add table inet t
  $nft "add set inet t merged { type ipv4_addr; flags interval; auto-merge; }"
  $nft "add set inet t plain { type ipv4_addr; flags interval; }"
  for set in merged plain; do
    $nft add element inet t $set "{ 192.0.2.0/25 }"
    $nft add element inet t $set "{ 192.0.2.128/25 }"
  done
  $nft delete element inet t plain "{ 192.0.2.0/25 }"
  echo "plain set: one half deleted"
  for part in 192.0.2.0/25 192.0.2.128/25 192.0.2.7; do
    if $nft delete element inet t merged "{ $part }" 2>error.txt; then echo "CHANGED: $part was deleted"; exit 1; fi
    grep -q "element does not exist" error.txt || { echo "CHANGED: $(cat error.txt)"; exit 1; }
    echo "merged set, delete $part: element does not exist"
  done
  $nft list set inet t merged | grep -q "192.0.2.0/24" || { echo "CHANGED: the set is another one"; exit 1; }
  $nft delete element inet t merged "{ 192.0.2.0/24 }"
  echo "merged set, delete 192.0.2.0/24: accepted"
' "$work/root/usr/sbin/nft"
