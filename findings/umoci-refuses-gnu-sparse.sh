#!/bin/sh
# umoci 0.4.7 (Debian 12): a layer that GNU tar wrote with --sparse is refused in tar's own form, and read in the pax one.
#
# Expected: both forms of the same sparse file are unpacked, since the library below (Go's archive/tar) reads both.
# Seen:     GNU tar's default form has a type of its own ('S'), which the library passes on, and on which umoci ends. In the pax form
#           (GNU.sparse 1.0) the entry is of an ordinary file, and its content is right; its holes become zeros. So whoever writes archives
#           for others must use the pax form, or none.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download umoci=0.4.7+ds-3+b7
dpkg -x umoci_*.deb root
umoci=root/usr/bin/umoci
echo "version: $($umoci --version)"
mkdir files
truncate -s 1M files/sparse
printf end >>files/sparse
$umoci init --layout image
for format in gnu pax; do
  tar --sparse --format=$format -C files -cf $format.tar sparse
  $umoci new --image image:$format
  $umoci raw add-layer --image image:$format $format.tar
  status=0
  $umoci unpack --image image:$format $format 2>$format.txt || status=$?
  echo "$format: ends with $status $(grep -o 'unknown typeflag.*' $format.txt | head -n 1)"
done
[ ! -e gnu/rootfs/sparse ] || { echo 'CHANGED: the GNU form is read'; exit 1; }
cmp files/sparse pax/rootfs/sparse || { echo 'CHANGED: the pax form is not read'; exit 1; }
echo 'the content of the pax form is right'
