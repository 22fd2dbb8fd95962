#!/bin/sh
# pasta of passt 2023-03-09 (Debian 12): a range of ports of which one is taken is published without that one, and without a word.
#
# Expected: `-t 127.0.0.1/8094-8096` fails when 8095 belongs to another program, as `-t 127.0.0.1/8095` does ("Failed to bind any port").
# Seen:     it says nothing of that, starts, and listens at 8094 and 8096; whoever connects to 8095 reaches the other program. An engine that
#           promises a range has to hold each port of it itself until pasta has bound it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download passt=0.0~git20230309.7c7625d-1
dpkg -x ./*.deb root
export PASTA="$work/root/usr/bin/pasta"
cat >run.py <<'PY'
import os, socket, subprocess, sys
def sh(text): subprocess.run(['sh', '-ec', text], check=True)
# In a network and a mount namespace of its own (below), with a default route, which pasta needs.
sh('ip link set lo up; ip link add up0 type veth peer name up1; ip link set up0 up; ip link set up1 up; ip address add 192.0.2.1/24 dev up0; ip route add default via 192.0.2.2')
inner = subprocess.Popen(['unshare', '-n', 'sh', '-c', 'echo up; exec sleep 60'], stdout=subprocess.PIPE, text=True)
inner.stdout.readline()
sh(f'touch ns; mount --bind /proc/{inner.pid}/ns/net ns')
taken = socket.socket()
taken.bind(('127.0.0.1', 8095)); taken.listen()
def start(ports):
    words = [os.environ['PASTA'], '-q', '-P', 'pid', '--runas', '0', '-t', ports, '-u', 'none', '-T', 'none', '-U', 'none', '--netns', os.path.abspath('ns')]
    return subprocess.run(words, capture_output=True, text=True)
try:
    one, many = start('127.0.0.1/8095'), start('127.0.0.1/8094-8096')
    with open('/proc/net/tcp') as rows:
        ports = sorted(int(row.split()[1].split(':')[1], 16) for row in rows.read().splitlines()[1:] if row.split()[3] == '0A')
    print('8095 alone:', one.returncode, one.stderr.strip().splitlines()[-1:])
    print('8094-8096: ', many.returncode, many.stderr.strip().splitlines()[-1:])
    print('listening: ', ports)
    if one.returncode == 0 or many.returncode != 0 or ports != [8094, 8095, 8096]:
        print('CHANGED'); sys.exit(1)
finally:
    if os.path.exists('pid'): os.kill(int(open('pid').read()), 9)
    inner.kill(); inner.wait()
PY
unshare -nm --propagation private python3 run.py
