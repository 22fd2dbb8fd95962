#!/bin/sh
# slirp4netns 1.2.0 (Debian 12): add_hostfwd accepts port 70000, listens on 4464, and lists 70000.
#
# Expected: a port beyond 65535 is refused, as other bad values of the request are.
# Seen:     the answer is a success with an id; the kernel's list of sockets has 127.0.0.1:4464 (70000 modulo 65536), while
#           list_hostfwd goes on naming 70000. An engine has to check ports itself, before it asks.
set -eu
work=$(mktemp -d)

trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download slirp4netns=1.2.0-1 libslirp0 libglib2.0-0 libseccomp2 libcap2
for deb in *.deb; do dpkg -x "$deb" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)"
echo "version: $(root/usr/bin/slirp4netns --version | head -n 1)"
cat >run.py <<'PY'
import ctypes, json, os, signal, socket, subprocess, sys
# The "host" is a network namespace of its own, so that nothing is opened on the real one.
host = subprocess.Popen(['unshare', '-n', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 60'], stdout=subprocess.PIPE, text=True)
host.stdout.readline()
inner = subprocess.Popen(['unshare', '-n', 'sh', '-c', 'echo up; exec sleep 60'], stdout=subprocess.PIPE, text=True)
inner.stdout.readline()
ready_read, ready_write = os.pipe()
slirp = subprocess.Popen(['nsenter', '-t', str(host.pid), '-n', 'root/usr/bin/slirp4netns', '--configure', '--ready-fd', str(ready_write), '--api-socket', 'api', str(inner.pid), 'tap0'], pass_fds=[ready_write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
os.close(ready_write)
try:
    assert os.read(ready_read, 1) == b'1', 'slirp4netns did not start'
    def ask(request):
        with socket.socket(socket.AF_UNIX) as api:
            api.connect('api'); api.sendall(json.dumps(request).encode()); api.shutdown(socket.SHUT_WR)
            return json.loads(b''.join(iter(lambda: api.recv(4096), b'')))
    added = ask({'execute': 'add_hostfwd', 'arguments': {'proto': 'tcp', 'host_addr': '127.0.0.1', 'host_port': 70000, 'guest_port': 80}})
    listed = ask({'execute': 'list_hostfwd'})
    rows = open(f'/proc/{host.pid}/net/tcp').read().splitlines()[1:]
    ports = [int(row.split()[1].split(':')[1], 16) for row in rows if row.split()[3] == '0A']
    print('add_hostfwd with host_port 70000:', json.dumps(added))
    print('list_hostfwd:', json.dumps(listed))
    print('listening ports:', ports)
    if 'error' in added or ports != [4464] or listed['entries'][0]['host_port'] != 70000:
        print('CHANGED'); sys.exit(1)
finally:
    for process in (slirp, inner, host):
        process.kill(); process.wait()
PY
python3 run.py
