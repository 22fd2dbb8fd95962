#!/bin/sh
# nftables 1.0.6 (Debian 12): a ruleset that `nft -j list ruleset` prints cannot be loaded again by `nft -j -f`.
#
# Expected: the JSON output of a tool is valid input of the same tool, as its text output is.
# Seen:     the list has maps before chains, so a verdict map with `jump NAME` fails with "No such file or directory";
#           the same objects with the chains moved in front load. The text form of the same ruleset loads as printed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11 libmnl0 libjansson4 libedit2 libxtables12
for deb in *.deb; do dpkg -x "$deb" root; done
lib=$work/root/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)
nft() { LD_LIBRARY_PATH=$lib unshare -n "$work/root/usr/sbin/nft" "$@"; }

cat >rules.nft <<'RULES'
table inet t {
  map v { type ipv4_addr : verdict; elements = { 192.0.2.1 : jump c } }
  chain c {
    counter
  }
}
RULES
# One namespace for loading and listing.
LD_LIBRARY_PATH=$lib unshare -n sh -ec '
  "$0" -f rules.nft
  "$0" list ruleset >list.nft
  "$0" -j list ruleset >list.json
' "$work/root/usr/sbin/nft"

echo "version: $(nft --version)"
nft -f list.nft && echo "text list, loaded again: accepted"
python3 - <<'PY'
import json
objects = json.load(open('list.json'))['nftables']
print('order in the JSON list:', ' '.join(next(iter(o)) for o in objects))
first = lambda o: 'chain' in o or 'table' in o or 'metainfo' in o
json.dump({'nftables': [o for o in objects if first(o)] + [o for o in objects if not first(o)]}, open('sorted.json', 'w'))
PY
if nft -j -f list.json 2>error.txt; then echo "CHANGED: the JSON list loads as printed"; exit 1; fi
echo "JSON list, loaded again: $(head -c 200 error.txt | tr '\n' ' ')"
grep -q 'No such file or directory' error.txt || { echo "CHANGED: another error"; exit 1; }
nft -j -f sorted.json && echo "the same with the chains in front: accepted"
