#!/bin/sh
# gRPC's C core 1.51.1 (python3-grpcio, Debian 12): messages that a client has received are dropped when its server dies, megabytes of them.
#
# Expected: as with a socket, what had arrived in the client's process before the server was killed can still be read, and then comes the error.
# Seen:     the client gets UNAVAILABLE at its next read, and none of the messages that its process holds. How much that is depends on the
#           bandwidth so far: the core widens the flow-control window of a stream far beyond the 64 KiB of HTTP/2, to megabytes on a Unix
#           socket, whose own buffer holds 208 KiB. A protocol that resumes a stream must keep that much on the side of the server, or the
#           client must set grpc.http2.bdp_probe=0 and grpc.http2.lookahead_bytes=32768: then the server has sent hardly more than was read.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download python3-grpcio=1.51.1-3+b1 libabsl20220623 libre2-9 libc-ares2
for package in *.deb; do dpkg -x "$package" root; done
cat >run.py <<'PY'
import mmap, os, signal, sys, time
from concurrent import futures
import grpc

PIECE, READ = bytes(64 * 1024), 400
same = lambda data: data


def serve(path, counts):
    def stream(request, context):
        while True:
            yield PIECE
            counts[:8] = (int.from_bytes(counts[:8], "little") + 1).to_bytes(8, "little")

    handler = grpc.unary_stream_rpc_method_handler(stream, same, same)
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("t.T", {"Stream": handler})])
    server.add_insecure_port(f"unix:{path}")
    server.start()
    server.wait_for_termination()


def lost(name, options):
    """Bytes that the server had sent when it was killed, and that the client never got."""
    counts = mmap.mmap(-1, 8)
    path = os.path.abspath(name)
    pid = os.fork()
    if pid == 0:
        serve(path, counts)
    channel = grpc.insecure_channel(f"unix:{path}", options=[("grpc.default_authority", "localhost"), *options])
    call = channel.unary_stream("/t.T/Stream", same, same)(b"", wait_for_ready=True)
    got = 0
    for _ in range(READ):
        next(call)
        got += 1
    sent = [0, 1]
    while sent[-1] != sent[-2]:
        time.sleep(0.5)
        sent.append(int.from_bytes(counts[:8], "little"))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    time.sleep(0.5)
    try:
        for _ in call:
            got += 1
    except grpc.RpcError as error:
        code = error.code().name
    bytes_lost = (sent[-1] - got) * len(PIECE)
    print(f"{name}: sent {sent[-1]}, got {got} messages, then {code}: {bytes_lost} bytes lost", flush=True)
    return bytes_lost


if len(sys.argv) > 1:
    narrow = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 32768)]
    sys.exit(lost("narrow", narrow) >= 512 * 1024 and "CHANGED: as much is lost with a narrow window")
print(f"version: grpcio {grpc.__version__}")
sys.exit(lost("default", []) < 1024 * 1024 and "CHANGED: less than 1 MiB was lost")
PY
export PYTHONPATH="$work/root/usr/lib/python3/dist-packages" LD_LIBRARY_PATH="$work/root/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)"
/usr/bin/python3 run.py
/usr/bin/python3 run.py narrow
