#!/bin/sh
# aardvark-dns 1.4.0 (Debian 12): the answer to a PTR question is owned by the root, not by the name that was asked.
#
# Expected: the answer's owner name is the question's, as RFC 1035 has it, so that a resolver can tell what is answered.
# Seen:     one answer, type PTR, right target, but its owner name is the root (a single zero byte). A resolver that compares
#           names may drop it. AAAA of a name that has only an A record is NOERROR without records, which is right.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download aardvark-dns=1.4.0-3
dpkg -x aardvark-dns_*.deb root
echo "version: $(root/usr/lib/podman/aardvark-dns --version)"
mkdir config
printf '10.89.0.1\n%064d 10.89.0.2  web\n' 7 >config/net
cat >run.py <<'PY'
import os, socket, struct, subprocess, sys, time
def question(name, kind):
    labels = b''.join(bytes([len(part)]) + part.encode() for part in name.split('.')) + b'\0'
    return struct.pack('>6H', 7, 0x100, 1, 0, 0, 0) + labels + struct.pack('>2H', kind, 1)
def name_at(packet, at):
    parts = []
    while packet[at]:
        if packet[at] >= 0xc0:
            return parts + name_at(packet, struct.unpack('>H', packet[at:at + 2])[0] & 0x3fff)[0], at + 2
        parts.append(packet[at + 1:at + 1 + packet[at]].decode()); at += packet[at] + 1
    return parts, at + 1
def ask(name, kind):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(5); udp.bind(('10.89.0.2', 0)); udp.connect(('10.89.0.1', 5353))
        for _ in range(100):
            try:
                udp.send(question(name, kind)); packet = udp.recv(512); break
            except ConnectionRefusedError:
                time.sleep(0.05) # the server is still starting
    _, _, _, answers, _, _ = struct.unpack('>6H', packet[:12])
    _, at = name_at(packet, 12); at += 4
    owner = name_at(packet, at)[0] if answers else None
    return packet[3] & 15, answers, owner
rcode, answers, owner = ask('2.0.89.10.in-addr.arpa', 12)
print(f'PTR 2.0.89.10.in-addr.arpa: rcode {rcode}, {answers} answer(s), owner name {".".join(owner or []) or "(the root)"}')
print('AAAA web: rcode %d, %d answer(s)' % ask('web', 28)[:2])
print('A web: rcode %d, %d answer(s), owner %s' % ask('web', 1))
if (rcode, owner) != (0, []):
    print('CHANGED'); sys.exit(1)
PY
unshare -n sh -euc '
  ip link set lo up
  ip address add 10.89.0.1/24 dev lo
  ip address add 10.89.0.2/24 dev lo
  ./root/usr/lib/podman/aardvark-dns --config config --port 5353 run >server.txt 2>&1 & server=$!
  status=0; python3 run.py || status=$?
  kill $server 2>/dev/null || true
  for pid in $(cat config/aardvark.pid 2>/dev/null); do kill $pid; done
  [ $status = 0 ] || cat server.txt
  exit $status
'
