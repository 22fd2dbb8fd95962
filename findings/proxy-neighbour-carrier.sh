#!/bin/sh
# Linux (tried: 6.18): a proxy neighbour on a bridge is gone once the bridge has had no port for a moment, unless its message said NUD_PERMANENT.
#
# Expected: an entry that an administrator has added with NTF_PROXY stays until it is deleted, as routes and addresses of the bridge do: the link
#           stays up, only its carrier goes. Proxy entries have no state (`ip neigh show proxy` prints none), so that it should not matter which was given.
# Seen:     when the last port leaves, the kernel flushes the entry about a second later (linkwatch, neigh_carrier_down), and it does not come back with
#           the next port. With NUD_PERMANENT, which ip(8) always sends, it stays. Who talks netlink and leaves the state out, or copies what the kernel
#           reports, has a proxy that works until the last container of a network ends.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/run.py" <<'PY'
import socket, struct, subprocess, sys, time
def sh(text): subprocess.run(['sh', '-ec', text], check=True)
sh('ip link add br0 type bridge; ip link set br0 up; ip link add p0 type veth peer name p1; ip link set p0 master br0 up; ip link set p1 up')
def proxy(address, state):
    attribute = struct.pack('HH', 8, 1) + socket.inet_aton(address)  # NDA_DST
    body = struct.pack('BBHiHBB', socket.AF_INET, 0, 0, socket.if_nametoindex('br0'), state, 8, 0) + attribute  # NTF_PROXY
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(struct.pack('IHHII', 16 + len(body), 28, 0x505, 1, 0) + body)  # RTM_NEWNEIGH
        assert struct.unpack_from('i', netlink.recv(4096), 16)[0] == 0
def shown(): return sorted(line.split()[0] for line in subprocess.check_output(['ip', 'neigh', 'show', 'proxy'], text=True).splitlines())
def until(what):
    for _ in range(500):
        if what(): return True
        time.sleep(0.01)
    return False
def carrier(): return 'NO-CARRIER' not in subprocess.check_output(['ip', 'link', 'show', 'br0'], text=True)
assert until(carrier)
proxy('192.0.2.1', 0)
proxy('192.0.2.2', 0x80)  # NUD_PERMANENT
before = shown()
sh('ip link del p0')
gone = until(lambda: shown() == ['192.0.2.2'])
sh('ip link add p2 type veth peer name p3; ip link set p2 master br0 up; ip link set p3 up')
assert until(carrier)
print('with a port:', before, ' without:', 'only 192.0.2.2' if gone else shown(), ' with one again:', shown())
if before != ['192.0.2.1', '192.0.2.2'] or not gone or shown() != ['192.0.2.2']:
    print('CHANGED'); sys.exit(1)
PY
unshare -n python3 "$work/run.py"
