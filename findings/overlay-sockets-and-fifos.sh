#!/bin/sh
# Linux 6.18: a Unix socket and a FIFO of a layer have nobody at the other end when they are opened through an overlay.
#
# Expected: the overlay shows the file of the layer, so connect(2) reaches the server that is bound to it, as through a bind mount, and a
#           writer of the FIFO finds its reader.
# Seen:     connect gives ECONNREFUSED and a non-blocking open for writing ENXIO, since the overlay's inode is another one than that
#           which the server and the reader hold. It is the same in the other direction: what is bound in the overlay refuses whoever
#           comes through the upper layer. stat says in all cases that there is a socket.
set -eu
echo "version: Linux $(uname -r)"
unshare -m --propagation private python3 - <<'PY'
import errno, os, socket, subprocess, sys, tempfile
top = tempfile.mkdtemp()
def mount(*words):
    subprocess.run(['mount', *words], check=True)
mount('-t', 'tmpfs', 'tmpfs', top)
os.chdir(top)
for name in ('lower', 'upper', 'work', 'merged', 'bind'):
    os.mkdir(name)
def serve(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    return server
def attempt(act, *words):
    try:
        act(*words)
        return 'ok'
    except OSError as error:
        return errno.errorcode[error.errno]
def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
def write_fifo(path):
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
first = serve('lower/socket')
os.mkfifo('lower/fifo')
reader = os.open('lower/fifo', os.O_RDONLY | os.O_NONBLOCK)
mount('-t', 'overlay', 'overlay', '-o', 'lowerdir=lower,upperdir=upper,workdir=work', 'merged')
mount('--bind', 'lower', 'bind')
second = serve('merged/later')
expected = [
    (connect, 'lower/socket', 'ok'), (connect, 'bind/socket', 'ok'), (connect, 'merged/socket', 'ECONNREFUSED'),
    (connect, 'merged/later', 'ok'), (connect, 'upper/later', 'ECONNREFUSED'),
    (write_fifo, 'bind/fifo', 'ok'), (write_fifo, 'merged/fifo', 'ENXIO'),
]
changed = False
for act, path, was in expected:
    seen = attempt(act, path)
    print(f'{act.__name__} {path}: {seen}')
    changed |= seen != was
os.chdir('/')
subprocess.run(['umount', '--lazy', top], check=True)
os.rmdir(top)
sys.exit('CHANGED' if changed else 0)
PY
